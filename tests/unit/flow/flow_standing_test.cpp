#include "unit/flow/flow_world.hpp"

namespace runnel::flow {
namespace {

// what a flow says that it waits for

using FlowStands = FlowFacts;

delivery::Wait only(const delivery::Standing& standing) {
  EXPECT_EQ(standing.waits.size(), 1u);
  return standing.waits.empty() ? delivery::Wait() : standing.waits[0];
}

TEST_F(FlowStands, in_a_wait_for_partitions_and_then_for_records) {
  World world;
  world.group.produce(p0, 1);
  world.live();
  world.run_for(1s);
  EXPECT_EQ(only(world.flow->standing()).what, "partitions from the group");
  EXPECT_FALSE(only(world.flow->standing()).idle);
  world.group.assign({p0});
  world.run_for(1s);
  const auto wait = only(world.flow->standing());
  EXPECT_EQ(wait.what, "records");
  EXPECT_TRUE(wait.idle);
  EXPECT_LE(wait.until - world.clock.now(), longest_silence) << "a source shows that it lives";
}

TEST_F(FlowStands, and_makes_a_step_for_each_wait_that_ends) {
  World world;
  world.group.produce(p0, 1);
  world.live_with({p0});
  world.run_for(1s);
  const auto before = world.flow->standing().steps;
  world.group.produce(p0, 1);
  world.run_for(10ms);
  EXPECT_GT(world.flow->standing().steps, before);
}

TEST_F(FlowStands, in_a_wait_without_an_end_for_a_sink_that_hangs_until_a_revoke_gives_it_one) {
  World world;
  world.group.produce(p0, 1);
  world.shelves[0].stuck = true;
  world.live_with({p0});
  world.run_for(1s);
  const auto wait = only(world.flow->standing());
  EXPECT_EQ(wait.what, "sink A");
  EXPECT_EQ(wait.until, time_point::max());
  EXPECT_LT(wait.since, world.clock.now());
  const auto steps = world.flow->standing().steps;
  world.run_for(10min);
  EXPECT_EQ(world.flow->standing().steps, steps);
  EXPECT_EQ(delivery::stuck_in(steps, world.flow->standing(), world.clock.now()), std::nullopt);

  world.group.revoke({p0});
  world.run_for(1s);
  EXPECT_LE(only(world.flow->standing()).until, world.clock.now() + world.params.drain);
}

TEST_F(FlowStands, in_a_wait_that_says_why_a_sink_has_failed) {
  World world(2);
  world.group.produce(p0, 1);
  world.shelves[1].next_outcomes = {2, Outcome::failed};
  world.live_with({p0});
  world.run_for(100ms);
  const auto wait = only(world.flow->standing());
  EXPECT_EQ(wait.what, "sink B");
  EXPECT_EQ(wait.why, "told to");
  EXPECT_LT(wait.until, world.clock.now() + 1s);
  world.run_for(5s);
  EXPECT_EQ(only(world.flow->standing()).why, "");
}

}  // namespace
}  // namespace runnel::flow
