#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace runnel::delivery {

/// One warning per cause and minute (or the first few), with a count of those held back. Thread: one at a
/// time.
class Throttle {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit Throttle(std::uint64_t most = 1) : most_(most) {}  // of a cause and minute

  /// nullopt: keep quiet. Else say it, and how many of this cause were held back since the last time.
  std::optional<std::uint64_t> pass(std::string_view cause, time_point now) {
    const auto found = causes_.find(cause);
    if (found == causes_.end()) {
      if (causes_.size() >= most_causes) forget(now);
      causes_.emplace(cause, Cause{now, 1, 0});
      return 0;
    }
    auto& [since, said, held_back] = found->second;
    if (now - since < pause) {
      if (said < most_) {
        ++said;
        return 0;
      }
      ++held_back;
      return std::nullopt;
    }
    const auto count = held_back;
    found->second = {now, 1, 0};
    return count;
  }

 private:
  struct Cause {
    time_point since;
    std::uint64_t said = 0;
    std::uint64_t held_back = 0;
  };
  static constexpr auto pause = std::chrono::minutes(1);
  static constexpr std::size_t most_causes = 256;

  /// A cause may hold a record's bytes, so their number has no bound of its own.
  void forget(time_point now) {
    std::erase_if(causes_, [now](const auto& cause) { return now - cause.second.since >= pause; });
    if (causes_.size() >= most_causes) causes_.clear();
  }

  std::uint64_t most_;
  std::map<std::string, Cause, std::less<>> causes_;
};

}  // namespace runnel::delivery
