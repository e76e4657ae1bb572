#pragma once

#include <runnel/async/awaitable.hpp>

#include <chrono>

namespace runnel::async {

/// Something may have changed: `while (!predicate()) co_await condition.wait();`
///
/// Thread: the loop's only. Lifetime: outlives its waiters.
class Condition {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit Condition(asio::any_io_executor executor) : executor_(std::move(executor)) {}

  /// Wakes all that wait now. Nobody waiting: does nothing (so test the predicate before you wait).
  void notify();

  /// Completes at the next notify, at the latest at `until`, or when the caller is cancelled (the next
  /// co_await then throws).
  awaitable<void> wait(time_point until = time_point::max());

 private:
  /// A ring of all that wait and the condition itself. Each leaves it when it is destroyed, in any order: a
  /// frame that the io_context destroys at its end may come after the condition.
  struct Link {
    Link() = default;
    explicit Link(Link& ring) : before(ring.before), after(&ring) { before->after = after->before = this; }
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link() {
      before->after = after;
      after->before = before;
    }

    Link* before = this;
    Link* after = this;
  };
  struct Waiter;

  asio::any_io_executor executor_;
  Link waiters_;
};

}  // namespace runnel::async
