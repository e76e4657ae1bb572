#pragma once

#include <runnel/async/awaitable.hpp>
#include <runnel/async/condition.hpp>

#include <boost/asio/cancellation_signal.hpp>

#include <exception>
#include <list>

namespace runnel::async {

/// Coroutines that run side by side and are all gone before their owner goes on.
///
/// The first failure stops the others and comes out of join(). The destructor terminates the process when a
/// task is left, so every owner awaits join() on failure paths too. A caller that is already cancelled throws
/// at `co_await join()` instead of waiting: spawn and join in a coroutine with no other co_await before them,
/// or switch throw_if_cancelled off first. For one use: after stop() or a failure, what is spawned is
/// cancelled at once. Thread: the loop's only.
class Group {
 public:
  explicit Group(const asio::any_io_executor& executor) : executor_(executor), changed_(executor) {}
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  ~Group();

  void spawn(awaitable<void> task);

  /// Cancels every task; what they throw from now on is dropped.
  void stop();

  /// Completes when the last task has ended; throws the first failure. Cancelled itself, it stops the tasks,
  /// waits for them all the same, and lets the cancellation through afterwards.
  awaitable<void> join();

  std::size_t size() const { return tasks_.size(); }

 private:
  asio::any_io_executor executor_;
  std::list<asio::cancellation_signal> tasks_;
  Condition changed_;
  std::exception_ptr failure_;
  bool stopping_ = false;
};

}  // namespace runnel::async
