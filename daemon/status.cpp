#include "status.hpp"

#include <fmt/core.h>

namespace runnel::daemon {

std::optional<std::string> status_line(const Numbers& before, const Numbers& now,
                                       std::chrono::nanoseconds between) {
  const auto records = now.records - before.records;
  const auto missed = now.missed_ticks - before.missed_ticks;
  if (records == 0 && missed == 0) return std::nullopt;
  const double seconds = std::chrono::duration<double>(between).count();
  auto line = fmt::format("{} records, {:.0f}/s, lag {}, {} missed ticks", records,
                          static_cast<double>(records) / seconds, now.lag, missed);

  std::chrono::nanoseconds most{0};
  std::string slowest;
  for (const auto& [name, busy] : now.sinks) {
    const auto then = before.sinks.find(name);
    const auto spent = then == before.sinks.end() ? busy : busy - then->second;
    if (spent <= most) continue;
    most = spent;
    slowest = name;
  }
  if (slowest.empty()) return line;
  const double percent = 100 * std::chrono::duration<double>(most).count() / seconds;
  return line + fmt::format(", slowest sink: {} (busy {:.0f} %)", slowest, percent);
}

}  // namespace runnel::daemon
