#pragma once

#include <runnel/delivery/throttle.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace runnel::delivery {

/// What came of a heartbeat's ticks, and which of it is worth a line in the log: one a cause and minute.
class Tally {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  struct Counters {
    std::uint64_t made = 0;       // ticks that made a record
    std::uint64_t delivered = 0;  // records that Kafka acknowledged
    std::uint64_t failed = 0;     // records that will never be delivered
    std::uint64_t missed = 0;     // ticks that made no record, because the process was held up

    /// Records of which nothing is known yet.
    std::uint64_t outstanding() const { return made - delivered - failed; }
  };

  void made() { ++counters_.made; }
  void delivered() { ++counters_.delivered; }

  /// Counts a record that will not be delivered. A value: log it now, for so many since the last line of this
  /// reason. Reasons are few: error texts without names and numbers in them.
  std::optional<std::uint64_t> failed(std::string_view reason, time_point now);

  /// Counts missed ticks; the same value.
  std::optional<std::uint64_t> missed(std::uint64_t ticks, time_point now);

  const Counters& counters() const { return counters_; }

  /// How many failed, by reason.
  const std::map<std::string, std::uint64_t, std::less<>>& failures() const { return failures_; }

 private:
  Counters counters_;
  std::map<std::string, std::uint64_t, std::less<>> failures_;
  Throttle failed_lines_;
  Throttle missed_lines_;
  std::uint64_t missed_untold_ = 0;
};

}  // namespace runnel::delivery
