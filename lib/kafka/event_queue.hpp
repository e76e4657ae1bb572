#pragma once

#include "handles.hpp"

#include <runnel/async/awaitable.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <memory>

namespace runnel::kafka {

/// One of librdkafka's queues, on the loop: an eventfd that librdkafka writes when the queue gets its first
/// element, and a function that is called on the loop then.
///
/// librdkafka writes only on empty → non-empty and not again until the queue is served: so the fd is read
/// first, and `ready` must take all there is (or remember that there is more). It is called once at the
/// start, for what came before. Thread: the loop's only.
class EventQueue {
 public:
  EventQueue(const async::asio::any_io_executor& loop, Queue queue, std::function<void()> ready);
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;
  ~EventQueue();

  rd_kafka_queue_t* get() const { return queue_.get(); }

  /// The next event, or null. Does not block.
  KafkaEvent poll() { return KafkaEvent(rd_kafka_queue_poll(queue_.get(), 0)); }

 private:
  void arm();

  Queue queue_;
  std::function<void()> ready_;
  async::asio::posix::stream_descriptor descriptor_;
  std::shared_ptr<EventQueue*> alive_;  // null once destroyed: a wait may end after that
};

}  // namespace runnel::kafka
