#include <runnel/delivery/backoff.hpp>

#include <gmock/gmock.h>

#include <vector>

namespace runnel::delivery {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

std::vector<std::int64_t> waits(Backoff& backoff, int count) {
  std::vector<std::int64_t> result;
  for (int i = 0; i < count; ++i) result.push_back(backoff.next().count());
  return result;
}

TEST(Backoff, doubles_from_a_quarter_of_a_second_up_to_thirty) {
  Backoff backoff;
  EXPECT_THAT(waits(backoff, 10), ElementsAre(250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000));
}

TEST(Backoff, begins_again_after_a_success) {
  Backoff backoff;
  waits(backoff, 5);
  backoff.reset();
  EXPECT_THAT(waits(backoff, 2), ElementsAre(250, 500));
}

TEST(Backoff, never_waits_longer_than_its_limit_even_at_first) {
  Backoff backoff({.first = 10s, .most = 3s, .seed = {}});
  EXPECT_THAT(waits(backoff, 2), ElementsAre(3000, 3000));
}

TEST(Backoff, never_overflows) {
  Backoff backoff;
  for (int i = 0; i < 1000; ++i) backoff.next();
  EXPECT_EQ(backoff.next(), 30s);
}

TEST(Backoff, jitter_draws_from_the_upper_half) {
  Backoff plain;
  Backoff jittered({.seed = 42});
  for (int i = 0; i < 1000; ++i) {
    auto full = plain.next();
    auto wait = jittered.next();
    EXPECT_LE(wait, full);
    EXPECT_GE(wait, full / 2);
  }
}

TEST(Backoff, the_same_seed_gives_the_same_waits_and_another_seed_others) {
  Backoff one({.seed = 7});
  Backoff same({.seed = 7});
  Backoff other({.seed = 8});
  auto expected = waits(one, 20);
  EXPECT_EQ(waits(same, 20), expected);
  EXPECT_NE(waits(other, 20), expected);
}

TEST(Backoff, jitter_takes_the_smallest_wait) {
  Backoff backoff({.first = 1ms, .most = 1ms, .seed = 1});
  EXPECT_EQ(backoff.next(), 1ms);
}

}  // namespace
}  // namespace runnel::delivery
