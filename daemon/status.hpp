#pragma once

#include <chrono>
#include <cstdint>
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

/// One line of what happened between two moments; nothing when nothing did.
std::optional<std::string> status_line(const Numbers& before, const Numbers& now,
                                       std::chrono::nanoseconds between);

}  // namespace runnel::daemon
