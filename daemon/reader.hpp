#pragma once

#include <runnel/async/awaitable.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>

namespace runnel::daemon {

/// Says when the reader of a pipe has gone, also while nobody writes to it: `runneld -f | head` is to end
/// even if no further record comes. What is no pipe is not watched. The pipe is never made non-blocking, for
/// that would hold for all who share it. Thread: the loop's only.
class Reader {
 public:
  Reader(const async::asio::any_io_executor& loop, int pipe, std::function<void()> gone);

 private:
  async::asio::posix::stream_descriptor watch_;
  std::function<void()> gone_;
};

}  // namespace runnel::daemon
