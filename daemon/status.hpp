#pragma once

#include <runnel/async/condition.hpp>
#include <runnel/flow/clock.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace runnel::daemon {

/// What a line of status is made of: counts since the process began.
struct Numbers {
  std::uint64_t records = 0;
  std::int64_t lag = 0;  // records in Kafka that are not delivered yet
  std::uint64_t missed_ticks = 0;
  std::map<std::string, std::chrono::nanoseconds> sinks;  // how long each was at work
};

/// One line of what happened between two moments; nothing when nothing did: no record came through, none came
/// to wait, and no tick was missed.
std::optional<std::string> status_line(const Numbers& before, const Numbers& now,
                                       std::chrono::nanoseconds between);

/// Says a status line each `period`, whatever it is, until `ended` is notified and `running` no longer holds;
/// then a last one. Thread: the loop's only.
struct StatusTeller {
  std::chrono::seconds period;
  std::function<Numbers()> numbers;
  std::function<bool()> running;
  std::function<void(const std::optional<std::string>&)> say;

  async::awaitable<void> run(flow::Clock& clock, async::Condition& ended) const;
};

}  // namespace runnel::daemon
