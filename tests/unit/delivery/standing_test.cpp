#include <runnel/delivery/standing.hpp>

#include <gmock/gmock.h>

namespace runnel::delivery {
namespace {

using namespace std::chrono_literals;

constexpr Wait::time_point now(1h);

Standing standing(std::uint64_t steps, std::vector<Wait> waits) {
  return {steps, std::move(waits)};
}
Wait until(Wait::time_point when) {
  return {.what = "sink files", .until = when};
}

struct Row {
  const char* what;
  std::optional<std::uint64_t> steps_before;
  Standing standing;
  std::optional<std::string> stuck;
};

TEST(StuckIn, FollowsTheTable) {
  const Row rows[] = {
      {"seen for the first time", std::nullopt, standing(0, {until(now - 1s)}), std::nullopt},
      {"made a step, and is late in the next wait", 7, standing(8, {until(now - 1s)}), std::nullopt},
      {"waits for the world, for ever", 7, standing(7, {until(Wait::time_point::max())}), std::nullopt},
      {"waits, and its time has not come", 7, standing(7, {until(now + 1ms)}), std::nullopt},
      {"its time is now", 7, standing(7, {until(now)}), std::nullopt},
      {"its time is over", 7, standing(7, {until(now - 1ms)}), "sink files"},
      {"one of two has its time behind it", 7, standing(7, {until(now + 1h), until(now - 1ms)}),
       "sink files"},
      {"neither moved nor waits", 7, standing(7, {}), ""},
      {"moved, and is between two waits", 7, standing(8, {}), std::nullopt},
  };
  for (const auto& row : rows)
    EXPECT_EQ(stuck_in(row.steps_before, row.standing, now), row.stuck) << row.what;
}

}  // namespace
}  // namespace runnel::delivery
