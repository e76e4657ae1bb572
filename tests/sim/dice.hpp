#pragma once

#include <chrono>
#include <cstdint>

namespace runnel::sim {

/// All that is left to chance comes from here: the same seed gives the same numbers with every standard
/// library (SplitMix64), so the same run.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t draw() {
    auto z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  /// One of 0 … below - 1; `below` is at least 1.
  std::size_t below(std::size_t below) { return static_cast<std::size_t>(draw() % below); }

  /// One of `from` … `to`.
  std::int64_t between(std::int64_t from, std::int64_t to) {
    return from + static_cast<std::int64_t>(draw() % static_cast<std::uint64_t>(to - from + 1));
  }

  /// True so many times in 10,000.
  bool chance(int in_ten_thousand) { return below(10'000) < static_cast<std::size_t>(in_ten_thousand); }

  std::chrono::nanoseconds time(std::chrono::nanoseconds least, std::chrono::nanoseconds most) {
    return std::chrono::nanoseconds(between(least.count(), most.count()));
  }

 private:
  std::uint64_t state_;
};

}  // namespace runnel::sim
