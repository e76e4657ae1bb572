#include "status.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <string_view>
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

namespace {

using namespace std::chrono_literals;

constexpr auto busy_pause = 5s;  // between two looks that found a change
constexpr auto quiet_pause = 1min;
constexpr auto worth_telling = 3s;            // of a wait in which something is under way
constexpr std::size_t most_bytes = 400;       // systemd takes 4096 in all
constexpr std::size_t most_of_refusal = 200;  // so that a wait is still seen

std::string plural(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

bool to_be_told(const delivery::Wait& wait, flow::time_point at) {
  return !wait.why.empty() || (!wait.idle && at - worth_telling > wait.since);
}

std::string cut(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  auto end = most;
  while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not amid a character
  return text.substr(0, end) + "…";
}

}  // namespace

std::string service_status(const Numbers& before, const ServiceNow& service, std::chrono::nanoseconds between,
                           flow::time_point at) {
  const auto& [now, parts, stopping, refused] = service;
  const auto flows = static_cast<std::size_t>(
      std::ranges::count_if(parts, [](const PartNow& part) { return part.name.starts_with("flow "); }));
  std::string text = stopping ? "stopping: " : "";
  if (flows > 0) text += plural(flows, "flow");
  if (flows < parts.size())
    text += fmt::format("{}{}", flows > 0 ? ", " : "", plural(parts.size() - flows, "producer"));
  const auto records = now.records - before.records;
  const double seconds = std::chrono::duration<double>(between).count();
  if (flows > 0 && records > 0 && seconds > 0)
    text +=
        fmt::format(": {:.0f} records/s, lag {}", std::ceil(static_cast<double>(records) / seconds), now.lag);
  else if (flows > 0)
    text += now.lag > 0 ? fmt::format(": idle, lag {}", now.lag) : ": idle";
  if (now.missed_ticks > before.missed_ticks)
    text += fmt::format(", {} missed ticks", now.missed_ticks - before.missed_ticks);
  if (!refused.empty()) text += "; the last reload was refused: " + cut(refused, most_of_refusal);
  for (const auto& part : parts) {
    for (const auto& wait : part.standing.waits)
      if (to_be_told(wait, at))
        text += fmt::format("; {} waits for {}{}{}{}", part.name, wait.what, wait.why.empty() ? "" : " (",
                            wait.why, wait.why.empty() ? "" : ")");
  }
  return cut(std::move(text), most_bytes);
}

Reporter::Report Reporter::look(const ServiceNow& now, flow::time_point at) {
  if (!before_) {
    before_ = now.numbers;
    before_at_ = at;
  }
  Report report;
  auto text = service_status(*before_, now, at - before_at_, at);
  changed_ = std::exchange(status_, text) != text;
  before_ = now.numbers;
  before_at_ = at;

  const auto stuck = find_stuck(now.parts, at);
  report.alive = watchdog_ && !stuck;
  if (stuck && !std::exchange(stuck_, true)) report.stuck = stuck;
  if (!stuck) stuck_ = false;
  if (changed_ || report.alive) report.status = std::move(text);
  return report;
}

std::optional<std::string> Reporter::find_stuck(const std::vector<PartNow>& parts, flow::time_point at) {
  std::optional<std::string> result;
  std::map<std::string, std::uint64_t> steps;
  for (const auto& [name, standing] : parts) {
    const auto last = steps_.find(name);
    const auto before = last == steps_.end() ? std::nullopt : std::optional(last->second);
    const auto in = delivery::stuck_in(before, standing, at);
    if (in && !result)
      result = in->empty()
                   ? fmt::format("{} neither moves nor waits for anything", name)
                   : fmt::format("{} still waits for {}, though the time for that is over", name, *in);
    steps[name] = standing.steps;
  }
  steps_ = std::move(steps);
  return result;
}

std::chrono::nanoseconds Reporter::pause() const {
  std::chrono::nanoseconds pause = changed_ ? busy_pause : quiet_pause;
  return watchdog_ ? std::min(pause, *watchdog_ / 4) : pause;
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
