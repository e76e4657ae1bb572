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

}  // namespace
}  // namespace runnel::daemon
