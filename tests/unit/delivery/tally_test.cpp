#include <runnel/delivery/tally.hpp>

#include <gmock/gmock.h>

namespace runnel::delivery {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Pair;

constexpr Tally::time_point noon(12h);

TEST(Tally, a_record_is_outstanding_until_it_is_delivered_or_failed) {
  Tally tally;
  for (int i = 0; i < 5; ++i) tally.made();
  tally.delivered();
  tally.delivered();
  tally.failed("timed out", noon);
  EXPECT_EQ(tally.counters().made, 5u);
  EXPECT_EQ(tally.counters().delivered, 2u);
  EXPECT_EQ(tally.counters().failed, 1u);
  EXPECT_EQ(tally.counters().outstanding(), 2u);
}

TEST(Tally, counts_failures_by_reason) {
  Tally tally;
  tally.failed("timed out", noon);
  tally.failed("queue full", noon);
  tally.failed("timed out", noon);
  EXPECT_THAT(tally.failures(), ElementsAre(Pair("queue full", 1), Pair("timed out", 2)));
}

TEST(Tally, a_reason_is_worth_one_line_a_minute_which_says_how_many) {
  Tally tally;
  EXPECT_EQ(tally.failed("timed out", noon), 1u);
  EXPECT_EQ(tally.failed("timed out", noon + 1s), std::nullopt);
  EXPECT_EQ(tally.failed("timed out", noon + 59'999ms), std::nullopt);
  EXPECT_EQ(tally.failed("timed out", noon + 60s), 3u);
  EXPECT_EQ(tally.failed("timed out", noon + 119s), std::nullopt);
  EXPECT_EQ(tally.failed("timed out", noon + 1h), 2u);
}

TEST(Tally, one_reason_does_not_silence_another) {
  Tally tally;
  EXPECT_EQ(tally.failed("timed out", noon), 1u);
  EXPECT_EQ(tally.failed("queue full", noon), 1u);
  EXPECT_EQ(tally.missed(3, noon), 3u);
}

TEST(Tally, missed_ticks_are_counted_one_by_one_and_told_once_a_minute) {
  Tally tally;
  EXPECT_EQ(tally.missed(3, noon), 3u);
  EXPECT_EQ(tally.missed(1'000'000, noon + 1s), std::nullopt);
  EXPECT_EQ(tally.missed(2, noon + 1min), 1'000'002u);
  EXPECT_EQ(tally.counters().missed, 1'000'005u);
}

TEST(Tally, missed_ticks_made_no_record) {
  Tally tally;
  tally.missed(3, noon);
  EXPECT_EQ(tally.counters().outstanding(), 0u);
}

}  // namespace
}  // namespace runnel::delivery
