#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace runnel::delivery {

/// What a coroutine waits for.
struct Wait {
  using time_point = std::chrono::steady_clock::time_point;

  std::string what = {};  // "records", "sink files"
  std::string why = {};   // what is in the way, in one clause; empty: nothing that is known
  /// By then it ends, whatever the world does. max(): it is for the world to end it, be it in a year.
  time_point until = time_point::max();
  time_point since = time_point::min();
  bool idle = false;  // there is nothing to do
};

/// Where a flow or a heartbeat stands at this moment.
struct Standing {
  std::uint64_t steps = 0;  // waits that have ended
  std::vector<Wait> waits;  // that it is in; none: it is between two of them
};

/// The rule of the watchdog: a part has progress when it made a step since the last look, or stands in named
/// waits none of which should have ended by now. The result: what it stands in although it should not; empty
/// when it says nothing. No result: it has progress.
std::optional<std::string> stuck_in(std::optional<std::uint64_t> steps_before, const Standing& now,
                                    Wait::time_point at);

}  // namespace runnel::delivery
