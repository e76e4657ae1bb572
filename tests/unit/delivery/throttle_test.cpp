#include <runnel/delivery/throttle.hpp>

#include <gtest/gtest.h>

namespace runnel::delivery {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Throttle::time_point start{hours(5)};

TEST(Throttle, TheFirstOfACausePasses) {
  Throttle throttle;
  EXPECT_EQ(throttle.pass("disk full", start), 0U);
}

TEST(Throttle, WithinAMinuteTheOthersAreHeldBackAndThenCounted) {
  Throttle throttle;
  throttle.pass("disk full", start);
  EXPECT_EQ(throttle.pass("disk full", start + seconds(1)), std::nullopt);
  EXPECT_EQ(throttle.pass("disk full", start + milliseconds(59'999)), std::nullopt);
  EXPECT_EQ(throttle.pass("disk full", start + seconds(60)), 2U);
  EXPECT_EQ(throttle.pass("disk full", start + seconds(61)), std::nullopt);
  EXPECT_EQ(throttle.pass("disk full", start + hours(1)), 1U);
}

TEST(Throttle, MayLetTheFirstFewOfAMinutePass) {
  Throttle throttle(3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(throttle.pass("rebalance", start + seconds(i)), 0U);
  EXPECT_EQ(throttle.pass("rebalance", start + seconds(3)), std::nullopt);
  EXPECT_EQ(throttle.pass("rebalance", start + seconds(59)), std::nullopt);
  EXPECT_EQ(throttle.pass("rebalance", start + seconds(60)), 2U);
  EXPECT_EQ(throttle.pass("rebalance", start + seconds(119)), 0U);
}

TEST(Throttle, CausesDoNotHoldEachOtherBack) {
  Throttle throttle;
  throttle.pass("disk full", start);
  EXPECT_EQ(throttle.pass("no broker", start), 0U);
  EXPECT_EQ(throttle.pass("disk full", start), std::nullopt);
}

TEST(Throttle, RemembersOnlySoManyCauses) {
  Throttle throttle;
  for (int i = 0; i < 256; ++i) throttle.pass(std::to_string(i), start);
  throttle.pass("one more", start);
  EXPECT_EQ(throttle.pass("0", start), 0U) << "forgotten, so it is said again";
  EXPECT_EQ(throttle.pass("one more", start), std::nullopt);
}

}  // namespace
}  // namespace runnel::delivery
