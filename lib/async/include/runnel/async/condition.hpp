#pragma once

#include <runnel/async/awaitable.hpp>

#include <boost/asio/steady_timer.hpp>

namespace runnel::async {

/// Something may have changed: `while (!predicate()) co_await condition.wait();`
///
/// Thread: the loop's only. Lifetime: outlives its waiters.
class Condition {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit Condition(const asio::any_io_executor& executor) : timer_(executor, time_point::max()) {}

  /// Wakes all that wait now. Nobody waiting: does nothing (so test the predicate before you wait).
  void notify() { timer_.cancel(); }

  /// Completes at the next notify, or when the caller is cancelled (the next co_await then throws).
  awaitable<void> wait();

  /// The same, at the latest at `until`.
  awaitable<void> wait(time_point until);

 private:
  asio::steady_timer timer_;
};

}  // namespace runnel::async
