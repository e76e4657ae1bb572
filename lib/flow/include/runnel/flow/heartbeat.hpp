#pragma once

#include <runnel/async/awaitable.hpp>
#include <runnel/async/condition.hpp>
#include <runnel/async/group.hpp>
#include <runnel/delivery/schedule.hpp>
#include <runnel/delivery/standing.hpp>
#include <runnel/delivery/tally.hpp>
#include <runnel/flow/clock.hpp>
#include <runnel/flow/publisher.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace runnel::flow {

struct HeartbeatParams {
  std::string name;                                             // of [producer.NAME], for the log
  std::chrono::nanoseconds interval = std::chrono::seconds(1);  // positive
  std::optional<std::int64_t> count;                            // records to make; none: for ever
};

/// Makes the record of one tick. `scheduled` is the tick's instant on the wall clock, not the moment at which
/// it came.
using MakeMessage =
    std::function<Message(std::uint64_t seq, std::chrono::system_clock::time_point scheduled)>;

/// One `[producer.NAME]`: a record each `interval`, the first one at once.
///
/// The ticks (delivery::TickSchedule) wait for nothing but the clock. Each record's report is awaited by a
/// task of its own, so a slow broker delays no tick; a record for which the publisher has no room is counted
/// as failed. What fails or is missed is logged once a cause and minute. Thread: the loop's only.
class Heartbeat {
 public:
  /// `publisher` and `clock` outlive it.
  Heartbeat(const async::asio::any_io_executor& loop, HeartbeatParams params, MakeMessage make,
            Publisher& publisher, Clock& clock);

  /// Ticks, once. Completes when `count` records were made and all their reports are in, or after stop().
  /// Errors: what `make` or the publisher throws. Cancellation: the reports that are out are given up;
  /// nothing is left behind.
  async::awaitable<void> run();

  /// No tick from now on; run() completes when the reports are in, at the latest at `deadline`. Called again,
  /// the nearer deadline counts.
  void stop(time_point deadline);

  /// Ticks at another interval from the last tick on. No tick is missed for it.
  void adjust(std::chrono::nanoseconds interval);

  const std::string& name() const { return params_.name; }
  const delivery::Tally& tally() const { return tally_; }

  /// What it waits for now, for the watchdog.
  delivery::Standing standing() const;

 private:
  async::awaitable<void> tick();
  async::awaitable<void> drain();
  async::awaitable<void> deliver(Message message);
  void beat(const delivery::Tick& tick);
  void failed(const std::string& reason);
  void tell_end() const;

  HeartbeatParams params_;
  MakeMessage make_;
  Publisher& publisher_;
  Clock& clock_;
  std::string area_;                                // in the log
  std::optional<delivery::TickSchedule> schedule_;  // while it ticks
  delivery::Tally tally_;
  bool stopping_ = false;
  time_point deadline_ = time_point::max();
  async::Condition changed_;  // stop() or adjust() was called, or a report came
  async::Group tasks_;        // tick() and one deliver() for each record that is out
};

}  // namespace runnel::flow
