#include "event_queue.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace runnel::kafka {
namespace {

int make_eventfd() {
  const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);  // librdkafka deadlocks on a blocking one (#2932)
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return fd;
}

}  // namespace

EventQueue::EventQueue(const async::asio::any_io_executor& loop, Queue queue, std::function<void()> ready)
    : queue_(std::move(queue)),
      ready_(std::move(ready)),
      descriptor_(loop, make_eventfd()),
      alive_(std::make_shared<EventQueue*>(this)) {
  static constexpr std::uint64_t one = 1;  // an eventfd takes exactly 8 bytes
  rd_kafka_queue_io_event_enable(queue_.get(), descriptor_.native_handle(), &one, sizeof one);
  async::asio::post(loop, [alive = alive_] {
    if (*alive != nullptr) (*alive)->ready_();
  });
  arm();
}

EventQueue::~EventQueue() {
  *alive_ = nullptr;
  rd_kafka_queue_io_event_enable(queue_.get(), -1, nullptr, 0);
}

void EventQueue::arm() {
  descriptor_.async_wait(
      async::asio::posix::descriptor_base::wait_read, [alive = alive_](boost::system::error_code error) {
        if (*alive == nullptr || error) return;
        auto& self = **alive;
        std::uint64_t count = 0;
        [[maybe_unused]] auto read = ::read(self.descriptor_.native_handle(), &count, sizeof count);
        self.arm();
        self.ready_();
      });
}

}  // namespace runnel::kafka
