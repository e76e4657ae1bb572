#include "sim/world.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <iostream>

namespace runnel::sim {
namespace {

struct Simulation : testing::Test {
  void SetUp() override { testing::internal::CaptureStderr(); }  // the log of the flows
  void TearDown() override { testing::internal::GetCapturedStderr(); }
};

TEST_F(Simulation, of_the_same_seed_is_the_same_run) {
  for (const std::uint64_t seed : {11, 12, 13}) {
    const auto one = World(seed).run();
    const auto two = World(seed).run();
    EXPECT_EQ(one.hash, two.hash);
    EXPECT_EQ(one.steps, two.steps);
    EXPECT_GT(one.records, 0);
  }
  EXPECT_NE(World(11).run().hash, World(12).run().hash);
}

TEST_F(Simulation, runs_on_whether_anybody_reads_its_diary) {
  World read(11);
  std::size_t lines = 0;
  read.diary().reader = [&](const std::string&) { ++lines; };
  EXPECT_EQ(read.run().hash, World(11).run().hash);
  EXPECT_GT(lines, 100u);
}

TEST_F(Simulation, finds_nothing_in_what_ships) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const auto result = World(seed).run();
    EXPECT_EQ(result.trouble(), std::nullopt) << "replay it with: ./dev sim --seed " << seed;
  }
}

// ---- each rule, broken. That a process gives up, or nothing moves any more, shows nothing.

TEST_F(Simulation, is_the_same_run_behind_interfaces_that_break_nothing) {
  const Mutation nothing;
  for (std::uint64_t seed = 1; seed <= 10; ++seed)
    EXPECT_EQ(World(seed, &nothing).run().hash, World(seed).run().hash);
}

struct Broken : Simulation, testing::WithParamInterface<Mutation> {};
INSTANTIATE_TEST_SUITE_P(Rule, Broken, testing::ValuesIn(mutations().begin(), mutations().end()),
                         [](const auto& each) { return std::string(each.param.name); });

TEST_P(Broken, is_found_within_three_million_steps) {
  const auto& mutation = GetParam();
  std::uint64_t steps = 0;
  for (std::uint64_t seed = 1; steps < 3'000'000; ++seed) {
    const auto result = World(seed, &mutation).run();
    steps += result.steps;
    if (!result.breach) continue;
    std::cout << mutation.name << ": seed " << seed << ", " << steps << " steps in all: " << *result.breach
              << '\n';
    return;
  }
  ADD_FAILURE() << "not found: that " << mutation.rule;
}

}  // namespace
}  // namespace runnel::sim
