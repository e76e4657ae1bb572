#pragma once

#include <runnel/flow/publisher.hpp>

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <set>
#include <vector>

namespace runnel::tests {

/// A broker on the other side of a Clock: takes every message at once, reports on it `delay` later.
///
/// What a test changes holds for messages that are sent from then on. Messages whose report is out count as
/// queued, also after their sender was cancelled.
class SimulatedPublisher final : public flow::Publisher {
 public:
  static constexpr auto never = std::chrono::nanoseconds::max();

  struct Sent {
    flow::Message message;
    flow::time_point at;  // when it was handed over
  };

  SimulatedPublisher(const async::asio::any_io_executor& loop, flow::Clock& clock)
      : clock_(clock), changed_(loop) {}

  std::chrono::nanoseconds delay{0};                              // until the report; or never
  std::function<flow::Report(const flow::Message&)> answer = {};  // none: delivered
  std::size_t capacity = std::numeric_limits<std::size_t>::max();
  std::vector<Sent> sent;

  bool has_room() const override { return outstanding() < capacity; }

  async::awaitable<flow::Report> send(flow::Message message) override {
    while (!has_room()) {
      auto next = next_report();
      co_await clock_.wait(changed_, next);
    }
    auto due = take(message);
    flow::Report report;
    if (answer) report = answer(message);
    while (clock_.now() < due) {
      co_await clock_.wait(changed_, due);
    }
    co_return report;
  }

  async::awaitable<bool> flush(flow::time_point until) override {
    while (outstanding() > 0 && clock_.now() < until) {
      auto next = std::min(until, next_report());
      co_await clock_.wait(changed_, next);
    }
    co_return outstanding() == 0;
  }
  async::awaitable<void> dispose() override { co_return; }

  /// Messages whose report is out.
  std::size_t outstanding() const {
    return std::distance(reports_.upper_bound(clock_.now()), reports_.end());
  }

 private:
  flow::time_point take(const flow::Message& message) {
    auto now = clock_.now();
    auto due = delay == never ? flow::time_point::max() : now + delay;
    sent.push_back({message, now});
    reports_.insert(due);
    return due;
  }

  flow::time_point next_report() const {
    auto next = reports_.upper_bound(clock_.now());
    return next == reports_.end() ? flow::time_point::max() : *next;
  }

  flow::Clock& clock_;
  std::multiset<flow::time_point> reports_;  // when each report is due
  async::Condition changed_;                 // never notified: time alone brings reports
};

}  // namespace runnel::tests
