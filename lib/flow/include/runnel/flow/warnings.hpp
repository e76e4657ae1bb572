#pragma once

#include <runnel/delivery/throttle.hpp>
#include <runnel/telemetry/log.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace runnel::flow {

/// Lines of one part of the program that could be many: one (or the first few) a cause and minute, with a
/// count of those held back. Thread: one at a time.
class Warnings {
 public:
  /// `area` begins each line, e.g. "flow archive".
  explicit Warnings(std::string area, std::uint64_t most = 1) : area_(std::move(area)), throttle_(most) {}

  void warn(const std::string& cause, const std::string& text, delivery::Throttle::time_point now) {
    tell(telemetry::Level::warning, cause, text, now);
  }
  void tell(telemetry::Level level, const std::string& cause, const std::string& text,
            delivery::Throttle::time_point now);

 private:
  std::string area_;
  delivery::Throttle throttle_;
};

}  // namespace runnel::flow
