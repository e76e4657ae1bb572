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
  if (!now.slowest_sink.empty()) {
    const double busy = std::chrono::duration<double>(now.slowest_busy).count() / seconds;
    line += fmt::format(", slowest sink {} (busy {:.0f} %)", now.slowest_sink, 100 * busy);
  }
  return line;
}

}  // namespace runnel::daemon
