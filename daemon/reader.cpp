#include "reader.hpp"

#include <sys/epoll.h>
#include <sys/stat.h>

#include <utility>

namespace runnel::daemon {

// Asio makes non-blocking what it waits for; so that is an epoll of our own, and only errors of the pipe wake
// it.
Reader::Reader(const async::asio::any_io_executor& loop, int pipe, std::function<void()> gone)
    : watch_(loop), gone_(std::move(gone)) {
  struct stat status {};
  if (::fstat(pipe, &status) != 0 || !S_ISFIFO(status.st_mode)) return;
  const int watch = ::epoll_create1(EPOLL_CLOEXEC);
  if (watch < 0) return;
  watch_.assign(watch);
  epoll_event errors{};
  if (::epoll_ctl(watch, EPOLL_CTL_ADD, pipe, &errors) != 0) return;
  watch_.async_wait(watch_.wait_read, [this](boost::system::error_code error) {
    if (!error) gone_();
  });
}

}  // namespace runnel::daemon
