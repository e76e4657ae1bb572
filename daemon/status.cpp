#include "status.hpp"

#include <fmt/core.h>

#include <utility>

namespace runnel::daemon {

std::optional<std::string> status_line(const Numbers& before, const Numbers& now,
                                       std::chrono::nanoseconds between) {
  const auto records = now.records - before.records;
  const auto missed = now.missed_ticks - before.missed_ticks;
  if (records == 0 && missed == 0 && now.lag <= before.lag) return std::nullopt;
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

async::awaitable<void> StatusTeller::run(flow::Clock& clock, async::Condition& ended) const {
  auto before = numbers();
  auto since = clock.now();
  while (running()) {
    const auto until = since + period;
    while (running() && clock.now() < until) co_await clock.wait(ended, until);
    auto now = numbers();
    const auto at = clock.now();
    say(status_line(before, now, at - since));
    before = std::move(now);
    since = at;
  }
}

}  // namespace runnel::daemon
