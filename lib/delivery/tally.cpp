#include <runnel/delivery/tally.hpp>

#include <utility>

namespace runnel::delivery {

std::optional<std::uint64_t> Tally::failed(std::string_view reason, time_point now) {
  ++counters_.failed;
  auto at = failures_.find(reason);
  if (at == failures_.end()) at = failures_.try_emplace(std::string(reason)).first;
  ++at->second;
  auto held_back = failed_lines_.pass(reason, now);
  if (!held_back) return std::nullopt;
  return *held_back + 1;
}

std::optional<std::uint64_t> Tally::missed(std::uint64_t ticks, time_point now) {
  counters_.missed += ticks;
  missed_untold_ += ticks;
  if (!missed_lines_.pass("", now)) return std::nullopt;
  return std::exchange(missed_untold_, 0);
}

}  // namespace runnel::delivery
