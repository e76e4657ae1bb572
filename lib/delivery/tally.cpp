#include <runnel/delivery/tally.hpp>

#include <utility>

namespace runnel::delivery {

std::optional<std::uint64_t> Tally::Cause::add(std::uint64_t count, time_point now) {
  total += count;
  if (told_at && now - *told_at < std::chrono::minutes(1)) return std::nullopt;
  told_at = now;
  return total - std::exchange(told, total);
}

std::optional<std::uint64_t> Tally::failed(std::string_view reason, time_point now) {
  ++counters_.failed;
  auto at = failed_.find(reason);
  if (at == failed_.end()) at = failed_.try_emplace(std::string(reason)).first;
  return at->second.add(1, now);
}

std::optional<std::uint64_t> Tally::missed(std::uint64_t ticks, time_point now) {
  counters_.missed += ticks;
  return missed_.add(ticks, now);
}

std::map<std::string, std::uint64_t> Tally::failures() const {
  std::map<std::string, std::uint64_t> result;
  for (const auto& [reason, cause] : failed_) result.emplace(reason, cause.total);
  return result;
}

}  // namespace runnel::delivery
