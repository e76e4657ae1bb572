#pragma once

#include "support/simulated_clock.hpp"

#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace runnel::sim {

/// What happens at a moment to come outside of the processes: messages on their way, timeouts, the operator.
/// In the order of their moments, and of their making. Thread: the simulation's only.
class Agenda {
 public:
  explicit Agenda(const tests::SimulatedClock& clock) : clock_(clock) {}

  void in(std::chrono::nanoseconds time, std::function<void()> act) {
    acts_.emplace(clock_.now() + time, std::move(act));
  }

  /// Does the next thing that is due. False: none is.
  bool step() {
    if (acts_.empty() || acts_.begin()->first > clock_.now()) return false;
    const auto act = std::move(acts_.begin()->second);
    acts_.erase(acts_.begin());
    act();
    return true;
  }

  std::optional<flow::time_point> next() const {
    return acts_.empty() ? std::nullopt : std::optional(acts_.begin()->first);
  }

 private:
  const tests::SimulatedClock& clock_;
  std::multimap<flow::time_point, std::function<void()>> acts_;
};

}  // namespace runnel::sim
