#include <runnel/delivery/standing.hpp>

#include <algorithm>

namespace runnel::delivery {

std::optional<std::string> stuck_in(std::optional<std::uint64_t> steps_before, const Standing& now,
                                    Wait::time_point at) {
  if (steps_before != now.steps) return std::nullopt;
  if (now.waits.empty()) return "";
  const auto overdue = std::ranges::find_if(now.waits, [at](const Wait& wait) { return wait.until < at; });
  if (overdue == now.waits.end()) return std::nullopt;
  return overdue->what;
}

}  // namespace runnel::delivery
