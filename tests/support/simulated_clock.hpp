#pragma once

#include <runnel/flow/clock.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <map>
#include <optional>

namespace runnel::tests {

/// Time that the test moves. Coroutines run on an ordinary io_context; time stands still while any of them
/// can run, and then jumps to the earliest instant that one waits for. So a day takes milliseconds, and the
/// same program takes the same steps each time.
///
/// Only what waits through this clock is seen: no real timer, file descriptor or thread may be part of the
/// world. As with the machine's clock, a wait may end early. Lifetime: outlives the io_context. Its time
/// starts at an odd instant, so that nothing can rely on a round one.
class SimulatedClock final : public flow::Clock {
 public:
  using time_point = flow::time_point;

  time_point now() const override { return now_; }
  std::chrono::system_clock::time_point wall() const override {
    return wall_start_ + (now_ - start_) + wall_step_;
  }

  async::awaitable<void> wait(async::Condition& condition, time_point until) override {
    Waiter waiter(waiters_, until, condition);
    co_await condition.wait();
  }

  /// One step: runs a handler that is ready, or, when none is, moves time to the earliest waiter and wakes
  /// it. False: nothing can happen any more, or not before `end`.
  bool step(async::asio::io_context& loop, time_point end = time_point::max()) {
    loop.restart();
    if (loop.poll_one() > 0) return true;
    if (waiters_.empty()) return false;
    auto next = waiters_.begin()->first;
    if (next > end || next == time_point::max()) return false;
    move_to(next);
    return true;
  }

  /// Steps until nothing can happen any more.
  void run(async::asio::io_context& loop) {
    while (step(loop)) {
    }
  }

  /// Steps until `time` has passed.
  void run_for(async::asio::io_context& loop, std::chrono::nanoseconds time) {
    auto end = now_ + time;
    while (step(loop, end)) {
    }
    move_to(end);
  }

  /// Time passes and nothing runs meanwhile: the process was stopped or busy.
  void stall(std::chrono::nanoseconds time) { move_to(now_ + time); }

  /// Somebody sets the wall clock.
  void step_wall(std::chrono::nanoseconds by) { wall_step_ += by; }

  /// The earliest instant to come that anything waits for, if any.
  std::optional<time_point> next() const {
    const auto found = waiters_.upper_bound(now_);
    if (found == waiters_.end() || found->first == time_point::max()) return std::nullopt;
    return found->first;
  }

  /// How many wait: 0 once every coroutine has ended.
  std::size_t waiting() const { return waiters_.size(); }

 private:
  using Waiters = std::multimap<time_point, async::Condition*>;

  struct Waiter {
    Waiter(Waiters& waiters, time_point until, async::Condition& condition)
        : all(waiters), here(waiters.emplace(until, &condition)) {}
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() { all.erase(here); }

    Waiters& all;
    Waiters::iterator here;
  };

  void move_to(time_point when) {
    now_ = std::max(now_, when);
    for (auto& [until, condition] : waiters_) {
      if (until > now_) return;
      condition->notify();
    }
  }

  static constexpr auto start_ = time_point(std::chrono::nanoseconds(1'234'567'890'123));
  static constexpr auto wall_start_ =
      std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000));
  time_point now_ = start_;
  std::chrono::nanoseconds wall_step_{0};
  Waiters waiters_;
};

}  // namespace runnel::tests
