#pragma once

#include <runnel/flow/clock.hpp>

#include <algorithm>
#include <vector>

namespace runnel::flow {

/// A deadline that can only come nearer, and that wakes whoever waits for it when it does.
///
/// A flow hands it to every slow call. A rebalance or a stop moves it the moment it arrives, even while the
/// flow is inside that call. Thread: the loop's only.
class Hurry {
 public:
  time_point at() const { return at_; }

  void no_later_than(time_point when) {
    if (when >= at_) return;
    at_ = when;
    for (auto* condition : listeners_) condition->notify();
  }

  /// While it lives, `condition` is notified each time the deadline moves.
  class Listen {
   public:
    Listen(Hurry& hurry, async::Condition& condition) : hurry_(hurry), condition_(condition) {
      hurry_.listeners_.push_back(&condition_);
    }
    Listen(const Listen&) = delete;
    Listen& operator=(const Listen&) = delete;
    ~Listen() { hurry_.listeners_.erase(std::ranges::find(hurry_.listeners_, &condition_)); }

   private:
    Hurry& hurry_;
    async::Condition& condition_;
  };

 private:
  time_point at_ = time_point::max();
  std::vector<async::Condition*> listeners_;
};

}  // namespace runnel::flow
