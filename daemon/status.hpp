#pragma once

#include <runnel/async/condition.hpp>
#include <runnel/delivery/standing.hpp>
#include <runnel/flow/clock.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace runnel::daemon {

/// What a line of status is made of: counts since the process began.
struct Numbers {
  std::uint64_t records = 0;
  std::int64_t lag = 0;  // records in Kafka that are not delivered yet
  std::uint64_t missed_ticks = 0;
  std::map<std::string, std::chrono::nanoseconds> sinks;  // how long each was at work
};

/// One line of what happened between two moments; nothing when nothing did: no record came through, none came
/// to wait, and no tick was missed.
std::optional<std::string> status_line(const Numbers& before, const Numbers& now,
                                       std::chrono::nanoseconds between);

/// A flow or a heartbeat as it stands.
struct PartNow {
  std::string name;  // "flow archive", "producer heartbeat"
  delivery::Standing standing;
};

/// The service as it stands.
struct ServiceNow {
  Numbers numbers;
  std::vector<PartNow> parts;
  bool stopping = false;
  std::string refused;  // why the last reload was refused; empty: it was not
};

/// What `systemctl status` shows: how much goes through, whether the last reload was refused, and who waits
/// for what, and why. At most a few hundred bytes, in one line.
std::string service_status(const Numbers& before, const ServiceNow& service, std::chrono::nanoseconds between,
                           flow::time_point at);

/// When systemd is told. It is told of what changed each few seconds at most; the watchdog is fed at each
/// look, four of which fit its time, if every part has progress (delivery::stuck_in). Nothing to tell: no
/// more wake-ups than the watchdog asks for. Thread: the loop's only.
class Reporter {
 public:
  struct Report {
    std::optional<std::string> status;  // what to tell: it has changed, or the watchdog is fed with it
    bool alive = false;                 // feed the watchdog
    std::optional<std::string> stuck;   // to be logged: a part that has had no progress, once
  };

  explicit Reporter(std::optional<std::chrono::nanoseconds> watchdog) : watchdog_(watchdog) {}

  Report look(const ServiceNow& now, flow::time_point at);

  /// How long until the next look.
  std::chrono::nanoseconds pause() const;

 private:
  std::optional<std::string> find_stuck(const std::vector<PartNow>& parts, flow::time_point at);

  std::optional<std::chrono::nanoseconds> watchdog_;
  std::optional<Numbers> before_;
  flow::time_point before_at_;
  std::map<std::string, std::uint64_t> steps_;  // of each part, at the last look
  std::string status_;                          // told last
  bool changed_ = true;                         // at the last look
  bool stuck_ = false;
};

/// Says a status line each `period`, whatever it is, until `ended` is notified and `running` no longer holds;
/// then a last one. Thread: the loop's only.
struct StatusTeller {
  std::chrono::seconds period;
  std::function<Numbers()> numbers;
  std::function<bool()> running;
  std::function<void(const std::optional<std::string>&)> say;

  async::awaitable<void> run(flow::Clock& clock, async::Condition& ended) const;
};

}  // namespace runnel::daemon
