#pragma once

#include <runnel/delivery/throttle.hpp>

#include <string>

namespace runnel::flow {

/// Warnings of one part of the program: one line a cause and minute, with a count of those held back.
/// Thread: one at a time.
class Warnings {
 public:
  /// `area` begins each line, e.g. "flow archive".
  explicit Warnings(std::string area) : area_(std::move(area)) {}

  void warn(const std::string& cause, const std::string& text, delivery::Throttle::time_point now);

 private:
  std::string area_;
  delivery::Throttle throttle_;
};

}  // namespace runnel::flow
