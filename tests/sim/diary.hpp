#pragma once

#include "support/simulated_clock.hpp"

#include <fmt/core.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace runnel::sim {

/// What happened, in order: as a number that tells two runs apart and, for who wants to read it, as lines.
class Diary {
 public:
  explicit Diary(const tests::SimulatedClock& clock) : clock_(clock), begun_(clock.now()) {}

  std::function<void(const std::string&)> reader;  // gets each line; none: only the number is kept
  std::uint64_t step = 0;

  template <class... Args>
  void write(fmt::format_string<Args...> text, Args&&... args) {
    take(fmt::format(text, std::forward<Args>(args)...));
  }

  /// Of all lines so far (FNV-1a).
  std::uint64_t hash() const { return hash_; }

 private:
  void take(const std::string& line) {
    const auto time = (clock_.now() - begun_).count();
    for (const auto number : {step, static_cast<std::uint64_t>(time)})
      for (int shift = 0; shift < 64; shift += 8) add(static_cast<unsigned char>(number >> shift));
    for (const char c : line) add(static_cast<unsigned char>(c));
    if (reader) reader(fmt::format("{:>7} {:>10.3f} s  {}", step, static_cast<double>(time) / 1e9, line));
  }
  void add(unsigned char byte) { hash_ = (hash_ ^ byte) * 0x100000001b3; }

  const tests::SimulatedClock& clock_;
  const flow::time_point begun_;
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace runnel::sim
