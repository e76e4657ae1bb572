#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace runnel::delivery {

struct Tick {
  std::uint64_t seq = 0;                            // 0, 1, 2, … of the ticks that were made
  std::chrono::steady_clock::time_point scheduled;  // its instant, not the moment at which it came
  std::uint64_t missed = 0;                         // ticks that were due before it and are skipped for good
};

/// The instants of a steady timer: start, start + interval, start + 2 intervals, …
///
/// Absolute, so lateness never adds up. A tick may come late, but only until the next one is due: of several
/// that are due only the last is made and the others are missed, so ticks never come in a bunch. Missed ticks
/// take neither a number nor a part of `count`: `count = 100` makes exactly 100, numbered 0 to 99.
class TickSchedule {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `interval` is positive. `count` is how many ticks to make; none: for ever.
  TickSchedule(time_point start, std::chrono::nanoseconds interval, std::optional<std::int64_t> count)
      : start_(start), interval_(interval), count_(count) {}

  /// From now on ticks come at this interval, counted from the last one, and none is missed for it.
  void change(std::chrono::nanoseconds interval, time_point now) {
    if (index_ > 0) {
      const auto last = next() - interval_;
      start_ = std::max(last, now - interval);
      index_ = 1;
    }
    interval_ = interval;
  }

  /// The instant of the next tick.
  time_point next() const { return start_ + index_ * interval_; }

  /// All `count` ticks were made.
  bool spent() const { return count_ && static_cast<std::int64_t>(made_) >= *count_; }

  /// The tick that is due at `now`, which counts as made; none before next() and once spent. Takes the same
  /// time however long ago the last one was.
  std::optional<Tick> due(time_point now) {
    if (spent() || now < next()) return std::nullopt;
    auto last = (now - start_) / interval_;
    Tick tick{made_++, start_ + last * interval_, static_cast<std::uint64_t>(last - index_)};
    index_ = last + 1;
    return tick;
  }

 private:
  time_point start_;
  std::chrono::nanoseconds interval_;
  std::optional<std::int64_t> count_;
  std::int64_t index_ = 0;  // of the next tick, missed ones included
  std::uint64_t made_ = 0;
};

}  // namespace runnel::delivery
