#include <runnel/delivery/schedule.hpp>

#include <gtest/gtest.h>

namespace runnel::delivery {
namespace {

using namespace std::chrono_literals;
using Nanoseconds = std::chrono::nanoseconds;

constexpr TickSchedule::time_point start(1234567ns);

TickSchedule each_second(std::optional<std::int64_t> count = {}) {
  return {start, 1s, count};
}

/// One row: time since the start at which due() is asked, and what it says.
struct Asked {
  Nanoseconds at;
  bool due;
  std::uint64_t seq;
  Nanoseconds scheduled;
  std::uint64_t missed;
};

TEST(TickSchedule, makes_the_last_due_tick_and_misses_those_before_it) {
  const Asked table[] = {
      {0ms, true, 0, 0s, 0},                                 // the first at once
      {0ms, false, 0, 0s, 0},                                // once only
      {999ms, false, 0, 0s, 0},                              // nothing early
      {1s, true, 1, 1s, 0},       {2001ms, true, 2, 2s, 0},  // late, and the next is not later for it
      {3s, true, 3, 3s, 0},                                  //
      {4999ms, true, 4, 4s, 0},                              // as late as can be
      {5s, true, 5, 5s, 0},                                  //
      {9500ms, true, 6, 9s, 3},    // 3.5 intervals late: 6, 7, 8 are missed, and take no number
      {9999ms, false, 0, 0s, 0},   // nothing is made up for
      {10s, true, 7, 10s, 0},      //
      {8s, false, 0, 0s, 0},       // time that goes back makes nothing
      {12s, true, 8, 12s, 1},      // exactly on a tick: that one is made
      {12'999ms, false, 0, 0s, 0}  //
  };
  auto schedule = each_second();
  for (const auto& row : table) {
    auto tick = schedule.due(start + row.at);
    ASSERT_EQ(tick.has_value(), row.due) << row.at.count();
    if (!tick) continue;
    EXPECT_EQ(tick->seq, row.seq) << row.at.count();
    EXPECT_EQ(tick->scheduled, start + row.scheduled) << row.at.count();
    EXPECT_EQ(tick->missed, row.missed) << row.at.count();
  }
}

TEST(TickSchedule, next_is_always_a_multiple_of_the_interval_after_the_start) {
  auto schedule = each_second();
  EXPECT_EQ(schedule.next(), start);
  schedule.due(start + 10ms);
  EXPECT_EQ(schedule.next(), start + 1s);
  schedule.due(start + 7700ms);
  EXPECT_EQ(schedule.next(), start + 8s);
}

TEST(TickSchedule, nothing_is_due_before_the_start) {
  auto schedule = each_second();
  EXPECT_FALSE(schedule.due(start - 1ns));
  EXPECT_EQ(schedule.next(), start);
}

TEST(TickSchedule, a_count_is_of_ticks_that_were_made) {
  auto schedule = each_second(3);
  EXPECT_EQ(schedule.due(start)->seq, 0u);
  EXPECT_EQ(schedule.due(start + 100s)->seq, 1u);
  EXPECT_FALSE(schedule.spent());
  EXPECT_EQ(schedule.due(start + 101s)->seq, 2u);
  EXPECT_TRUE(schedule.spent());
  EXPECT_FALSE(schedule.due(start + 102s));
}

TEST(TickSchedule, a_count_of_nothing_is_spent_at_once) {
  auto schedule = each_second(0);
  EXPECT_TRUE(schedule.spent());
  EXPECT_FALSE(schedule.due(start + 1s));
}

TEST(TickSchedule, another_interval_counts_from_the_last_tick) {
  auto schedule = each_second();
  schedule.due(start + 1s);
  schedule.change(10s, start + 1500ms);
  EXPECT_EQ(schedule.next(), start + 11s);
  schedule.due(start + 11s);
  EXPECT_EQ(schedule.next(), start + 21s);
}

TEST(TickSchedule, a_shorter_interval_that_has_passed_is_due_at_once_and_misses_nothing) {
  TickSchedule schedule(start, 1h, {});
  schedule.due(start);
  schedule.change(1s, start + 1min);
  const auto tick = schedule.due(start + 1min);
  ASSERT_TRUE(tick);
  EXPECT_EQ(tick->seq, 1u);
  EXPECT_EQ(tick->missed, 0u);
  EXPECT_EQ(schedule.next(), start + 61s);
}

TEST(TickSchedule, another_interval_before_the_first_tick_leaves_it_where_it_is) {
  auto schedule = each_second();
  schedule.change(10s, start - 1ms);
  EXPECT_EQ(schedule.next(), start);
  schedule.due(start);
  EXPECT_EQ(schedule.next(), start + 10s);
}

TEST(TickSchedule, ten_years_at_a_nanosecond_an_interval_are_one_step) {
  TickSchedule schedule(start, 1ns, {});
  schedule.due(start);
  auto late = std::chrono::hours(24 * 3650);
  auto tick = schedule.due(start + late);
  EXPECT_EQ(tick->missed, static_cast<std::uint64_t>(Nanoseconds(late).count()) - 1);
  EXPECT_EQ(tick->scheduled, start + late);
}

TEST(TickSchedule, an_interval_that_no_float_holds_never_drifts) {
  TickSchedule schedule(start, 333'333'333ns, {});
  for (std::int64_t i = 0; i < 1'000'000; ++i) schedule.due(schedule.next());
  EXPECT_EQ(schedule.next(), start + 1'000'000 * 333'333'333ns);
}

}  // namespace
}  // namespace runnel::delivery
