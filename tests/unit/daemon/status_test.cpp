#include "status.hpp"

#include <gtest/gtest.h>

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

TEST(StatusLine, NamesNoSinkWhenNoneHadWork) {
  Numbers now;
  now.missed_ticks = 1;
  now.sinks = {{"flow archive, sink files", 0s}};
  EXPECT_EQ(status_line({}, now, 60s), "0 records, 0/s, lag 0, 1 missed ticks");
}

}  // namespace
}  // namespace runnel::daemon
