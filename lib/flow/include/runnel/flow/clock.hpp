#pragma once

#include <runnel/async/condition.hpp>

#include <chrono>

namespace runnel::flow {

using time_point = std::chrono::steady_clock::time_point;

/// Time, as the coroutines of the flow see it; the tests move one by hand. Thread: the loop's only.
class Clock {
 public:
  virtual ~Clock() = default;

  virtual time_point now() const = 0;
  virtual std::chrono::system_clock::time_point wall() const = 0;

  /// Completes at `until`, or earlier when the condition is notified: every wait of the flow can be ended.
  virtual async::awaitable<void> wait(async::Condition& condition, time_point until) = 0;
};

/// The machine's clocks.
class RealClock final : public Clock {
 public:
  time_point now() const override { return std::chrono::steady_clock::now(); }
  std::chrono::system_clock::time_point wall() const override { return std::chrono::system_clock::now(); }
  async::awaitable<void> wait(async::Condition& condition, time_point until) override;
};

}  // namespace runnel::flow
