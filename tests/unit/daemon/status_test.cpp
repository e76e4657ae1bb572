#include "status.hpp"

#include "support/simulated_clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <gmock/gmock.h>

#include <vector>

namespace runnel::daemon {
namespace {

using namespace std::chrono_literals;

TEST(StatusLine, SaysNothingWhenNothingHappened) {
  Numbers numbers;
  numbers.records = 7;
  numbers.lag = 3;
  EXPECT_EQ(status_line(numbers, numbers, 60s), std::nullopt);
}

TEST(StatusLine, CountsWhatCameBetween) {
  Numbers before;
  before.records = 100;
  before.missed_ticks = 1;
  before.sinks = {{"flow archive, sink files", 10s}, {"flow archive, sink console", 1s}};
  Numbers now = before;
  now.records = 700;
  now.lag = 12;
  now.missed_ticks = 3;
  now.sinks = {{"flow archive, sink files", 13s}, {"flow archive, sink console", 31s}};
  EXPECT_EQ(
      status_line(before, now, 60s),
      "600 records, 10/s, lag 12, 2 missed ticks, slowest sink: flow archive, sink console (busy 50 %)");
}

TEST(StatusLine, CountsAGrowingLagAsSomethingThatHappened) {
  Numbers before;
  before.lag = 3;
  auto now = before;
  now.lag = 4;  // a sink that stands still says nothing by itself
  EXPECT_EQ(status_line(before, now, 60s), "0 records, 0/s, lag 4, 0 missed ticks");
  EXPECT_EQ(status_line(now, before, 60s), std::nullopt);
}

TEST(StatusLine, NamesNoSinkWhenNoneHadWork) {
  Numbers now;
  now.missed_ticks = 1;
  now.sinks = {{"flow archive, sink files", 0s}};
  EXPECT_EQ(status_line({}, now, 60s), "0 records, 0/s, lag 0, 1 missed ticks");
}

/// A service that can be busy, on a clock that the test moves.
struct Busy {
  void start(std::chrono::seconds period) {
    teller = {period, [this] { return numbers; }, [this] { return running; },
              [this](const std::optional<std::string>& line) { said.push_back(line.value_or("nothing")); }};
    async::asio::co_spawn(loop, teller.run(clock, ended), [](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
    });
  }
  void run_for(std::chrono::seconds time) { clock.run_for(loop, time); }

  tests::SimulatedClock clock;
  async::asio::io_context loop;
  async::Condition ended{loop.get_executor()};
  Numbers numbers;
  bool running = true;
  StatusTeller teller;
  std::vector<std::string> said;
};

TEST(StatusTeller, SaysOneLineAMinute) {
  Busy busy;
  busy.start(60s);
  busy.run_for(0s);
  for (int second = 0; second < 150; ++second) {
    busy.numbers.records += 10;
    busy.run_for(1s);
  }
  EXPECT_THAT(busy.said, testing::ElementsAre("600 records, 10/s, lag 0, 0 missed ticks",
                                              "600 records, 10/s, lag 0, 0 missed ticks"));
  busy.run_for(600s);
  EXPECT_EQ(busy.said.size(), 12U);
  EXPECT_EQ(busy.said[2], "300 records, 5/s, lag 0, 0 missed ticks");
  EXPECT_EQ(busy.said[3], "nothing");
}

TEST(StatusTeller, SaysALastLineWhenTheServiceEnds) {
  Busy busy;
  busy.start(60s);
  busy.run_for(30s);
  busy.numbers.records = 30;
  busy.ended.notify();
  busy.run_for(1s);
  EXPECT_TRUE(busy.said.empty()) << "somebody notified, but nothing has ended";
  busy.running = false;
  busy.ended.notify();
  busy.run_for(600s);
  EXPECT_THAT(busy.said, testing::ElementsAre("30 records, 1/s, lag 0, 0 missed ticks"));
}

// what systemd is told

constexpr flow::time_point noon(1h);

PartNow part(std::string name, std::vector<delivery::Wait> waits, std::uint64_t steps = 0) {
  return {std::move(name), {steps, std::move(waits)}};
}
PartNow idle_flow(std::uint64_t steps = 0) {
  return part("flow archive", {{.what = "records", .until = noon + 1h, .idle = true}}, steps);
}
Numbers carried(std::uint64_t records, std::int64_t lag = 0) {
  Numbers numbers;
  numbers.records = records;
  numbers.lag = lag;
  return numbers;
}

ServiceNow service(std::vector<PartNow> parts, Numbers numbers = {}) {
  return {std::move(numbers), std::move(parts), false, ""};
}

TEST(ServiceStatus, CountsWhatThereIsAndHowMuchGoesThrough) {
  const auto beat = part("producer heartbeat", {{.what = "the next tick", .idle = true}});
  EXPECT_EQ(service_status({}, service({idle_flow()}), 5s, noon), "1 flow: idle");
  EXPECT_EQ(service_status({}, service({idle_flow(), idle_flow(), beat}, carried(500, 7)), 5s, noon),
            "2 flows, 1 producer: 100 records/s, lag 7");
  EXPECT_EQ(service_status({}, service({idle_flow()}, carried(1)), 5s, noon), "1 flow: 1 records/s, lag 0");
  EXPECT_EQ(service_status({}, service({idle_flow()}, carried(0, 9)), 5s, noon), "1 flow: idle, lag 9");
  EXPECT_EQ(service_status({}, service({beat}), 5s, noon), "1 producer");
}

TEST(ServiceStatus, SaysWhatWaitsAndWhy) {
  const delivery::Wait sick{.what = "sink files", .why = "/x: No space left on device", .since = noon};
  EXPECT_EQ(service_status({}, service({part("flow archive", {sick})}), 5s, noon),
            "1 flow: idle; flow archive waits for sink files (/x: No space left on device)");
}

TEST(ServiceStatus, SaysOfAWaitWithoutAReasonOnlyWhenItLasts) {
  const delivery::Wait slow{.what = "sink console", .since = noon};
  EXPECT_EQ(service_status({}, service({part("flow f", {slow})}), 5s, noon + 1s), "1 flow: idle");
  EXPECT_EQ(service_status({}, service({part("flow f", {slow})}), 5s, noon + 4s),
            "1 flow: idle; flow f waits for sink console");
}

TEST(ServiceStatus, SaysThatTheLastReloadWasRefused) {
  const delivery::Wait sick{.what = "sink files", .why = "/x: No space left on device", .since = noon};
  auto now = service({part("flow archive", {sick})});
  now.refused = "/etc/runnel/runneld.toml:3:1: there is no such key";
  EXPECT_EQ(service_status({}, now, 5s, noon),
            "1 flow: idle; the last reload was refused: /etc/runnel/runneld.toml:3:1: there is no such key; "
            "flow archive waits for sink files (/x: No space left on device)");
  now.refused = std::string(1000, 'x');
  EXPECT_THAT(service_status({}, now, 5s, noon), testing::HasSubstr("x…; flow archive waits for sink files"));
}

TEST(ServiceStatus, FitsIntoAMessage) {
  const delivery::Wait sick{.what = "sink files", .why = std::string(5000, 'x'), .since = noon};
  EXPECT_LT(service_status({}, service({part("flow archive", {sick})}), 5s, noon).size(), 500U);
}

TEST(Reporter, TellsOnlyWhatHasChangedWhenNoWatchdogWaits) {
  Reporter reporter(std::nullopt);
  EXPECT_EQ(reporter.look(service({idle_flow()}), noon).status, "1 flow: idle");
  EXPECT_EQ(reporter.pause(), 5s);
  EXPECT_EQ(reporter.look(service({idle_flow()}), noon + 5s).status, std::nullopt);
  EXPECT_EQ(reporter.pause(), 1min) << "nothing to tell: no wake-ups";
  auto stopping = service({idle_flow()});
  stopping.stopping = true;
  EXPECT_EQ(reporter.look(stopping, noon + 6s).status, "stopping: 1 flow: idle");
}

TEST(Reporter, TellsOfARefusedReloadUntilOneIsTaken) {
  Reporter reporter(std::nullopt);
  auto now = service({idle_flow()});
  EXPECT_EQ(reporter.look(now, noon).status, "1 flow: idle");
  now.refused = "why";
  EXPECT_EQ(reporter.look(now, noon + 1s).status, "1 flow: idle; the last reload was refused: why");
  now.refused.clear();
  EXPECT_EQ(reporter.look(now, noon + 2s).status, "1 flow: idle");
}

TEST(Reporter, FeedsTheWatchdogFourTimesInItsTime) {
  Reporter reporter(60s);
  EXPECT_TRUE(reporter.look(service({idle_flow()}), noon).alive);
  EXPECT_EQ(reporter.pause(), 5s);
  EXPECT_TRUE(reporter.look(service({idle_flow()}), noon + 5s).alive);
  EXPECT_EQ(reporter.pause(), 15s);
  EXPECT_FALSE(Reporter(std::nullopt).look(service({idle_flow()}), noon).alive);
}

TEST(Reporter, DoesNotFeedItWhenOnePartStandsWhereItMayNot) {
  Reporter reporter(60s);
  const auto overdue = [](std::uint64_t steps) {
    return part("flow b", {{.what = "sink files", .until = noon - 1s}}, steps);
  };
  EXPECT_TRUE(reporter.look(service({idle_flow(), overdue(3)}), noon).alive) << "seen for the first time";
  const auto report = reporter.look(service({idle_flow(1), overdue(3)}), noon + 15s);
  EXPECT_FALSE(report.alive);
  EXPECT_EQ(report.stuck, "flow b still waits for sink files, though the time for that is over");
  const auto again = reporter.look(service({idle_flow(2), overdue(3)}), noon + 30s);
  EXPECT_FALSE(again.alive);
  EXPECT_EQ(again.stuck, std::nullopt) << "said once";
  EXPECT_TRUE(reporter.look(service({idle_flow(3), overdue(4)}), noon + 45s).alive) << "it goes on";
}

}  // namespace
}  // namespace runnel::daemon
