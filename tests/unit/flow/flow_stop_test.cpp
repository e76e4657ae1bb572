#include "unit/flow/flow_world.hpp"

namespace runnel::flow {
namespace {

// stop

using FlowStops = FlowFacts;

TEST_F(FlowStops, after_it_has_delivered_checkpointed_committed_and_left) {
  World world(2);
  world.group.produce(p0, 30);
  world.live_with({p0});
  world.shelves[0].takes = world.shelves[1].takes = 2s;
  world.run_for(1s);
  const auto from = world.group.diary.size();
  const auto begun = world.clock.now();
  const auto end = world.stop();
  EXPECT_THAT(world.diary_from(from),
              ElementsAre("A: deliver 3", "B: deliver 3", "A: prepare", "B: prepare", "commit t0=3",
                          "answer 0", "leave", "A: give up", "B: give up", "unassign"));
  EXPECT_TRUE(end.left_group);
  EXPECT_FALSE(end.uncommitted || end.given_up);
  EXPECT_LT(world.ended_at - begun, 2s);
  EXPECT_EQ(world.shelves[1].stopped, 1);
}

TEST_F(FlowStops, once_however_often_it_is_told_to) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.shelves[0].stuck = true;
  world.run_for(1s);
  const auto begun = world.clock.now();
  world.flow->stop();
  world.run_for(10s);
  world.stop();
  EXPECT_EQ(world.ended_at - begun, 16s);
}

TEST_F(FlowStops, early_enough_to_leave_with_a_stuck_sink_and_says_that_records_were_given_up) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(2s);
  world.shelves[0].stuck = true;
  world.group.produce(p0, 3);
  world.run_for(1s);
  const auto begun = world.clock.now();
  const auto end = world.stop();
  EXPECT_TRUE(end.given_up);
  EXPECT_TRUE(end.left_group);
  EXPECT_EQ(world.ended_at - begun, 16s);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 3)));
  EXPECT_THAT(log(), HasSubstr("3 records could not be delivered before the drain deadline"));
}

void carry_three_and_fail_with_three(World& world) {
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.until([&] { return world.shelves[0].records.size() == 3; });
  world.group.produce(p0, 3);
  world.shelves[0].next_outcomes.assign(100, Outcome::failed);
  world.run_for(100ms);
}

TEST_F(FlowStops, with_a_sick_sink_after_it_has_committed_what_came_before) {
  World world;
  carry_three_and_fail_with_three(world);
  const auto end = world.stop();
  EXPECT_TRUE(end.given_up);
  EXPECT_TRUE(end.left_group);
  EXPECT_FALSE(end.uncommitted);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 3)));
}

TEST_F(FlowStops, without_a_word_that_a_sink_works_again_which_only_let_go) {
  World world;
  carry_three_and_fail_with_three(world);
  EXPECT_TRUE(world.stop().given_up);
  EXPECT_THAT(log(), HasSubstr("sink A: told to; trying again"));
  EXPECT_THAT(log(), Not(HasSubstr("works again")));
}

TEST_F(FlowStops, at_the_nearer_deadline_while_it_is_giving_partitions_up) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.shelves[0].stuck = true;
  world.run_for(1s);
  world.flow->stop();
  const auto begun = world.clock.now();
  world.run_for(15s);
  world.group.revoke({p0});
  world.until([&] { return world.done; });
  EXPECT_EQ(world.ended_at - begun, 16s);
}

TEST_F(FlowStops, at_once_before_the_first_assignment) {
  World world;
  world.live();
  world.run_for(1s);
  const auto begun = world.clock.now();
  const auto end = world.stop();
  EXPECT_TRUE(end.left_group);
  EXPECT_EQ(world.ended_at, begun);
}

TEST_F(FlowStops, before_it_has_begun) {
  World world;
  world.live();
  EXPECT_TRUE(world.stop().left_group);
}

TEST_F(FlowStops, with_a_join_out_when_the_change_has_come) {
  World world;
  world.group.produce(p0, 3);
  world.live();
  world.group.begin_join();
  world.run_for(1s);
  world.flow->stop();
  world.run_for(5s);
  EXPECT_FALSE(world.done);
  world.group.assign({p0});
  world.run_for(1s);
  EXPECT_TRUE(world.done);
  EXPECT_TRUE(world.end->left_group);
  EXPECT_EQ(world.count(), 0u);
}

TEST_F(FlowStops, at_drain_when_the_change_never_comes) {
  World world;
  world.live();
  world.group.begin_join();
  world.run_for(1s);
  const auto begun = world.clock.now();
  EXPECT_FALSE(world.stop().left_group);
  EXPECT_EQ(world.ended_at - begun, 20s);
}

TEST_F(FlowStops, at_once_while_the_brokers_do_not_answer_where_it_begins) {
  World world;
  world.group.produce(p0, 3);
  world.group.failing_look_ups = 1'000'000;
  world.live_with({p0});
  world.run_for(60s);
  const auto begun = world.clock.now();
  const auto end = world.stop();
  EXPECT_TRUE(end.left_group);
  EXPECT_FALSE(end.uncommitted || end.given_up);
  EXPECT_LT(world.ended_at - begun, 1s);
  EXPECT_EQ(world.group.commits, 0);
}

TEST_F(FlowStops, without_reading_when_it_is_told_to_during_the_look_up) {
  World world;
  world.group.produce(p0, 3);
  world.group.look_up_takes = 5s;
  world.live_with({p0});
  world.run_for(1s);
  const auto end = world.stop();
  EXPECT_TRUE(end.left_group);
  EXPECT_EQ(world.count(), 0u);
}

TEST_F(FlowStops, at_drain_when_the_last_commit_is_not_answered_and_says_so) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.group.usual = late(never);
  const auto begun = world.clock.now();
  const auto end = world.stop();
  EXPECT_TRUE(end.uncommitted);
  EXPECT_FALSE(end.given_up || end.left_group);
  EXPECT_EQ(world.ended_at - begun, 20s);
}

TEST_F(FlowStops, early_enough_to_leave_when_a_sink_cannot_make_durable_what_it_has_and_says_so) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.shelves[0].prepare_stuck = true;
  const auto begun = world.clock.now();
  const auto end = world.stop();
  EXPECT_TRUE(end.uncommitted);
  EXPECT_TRUE(end.left_group);
  EXPECT_EQ(world.ended_at - begun, 16s);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 0)));
}

TEST_F(FlowStops, and_says_so_when_the_last_commit_was_refused) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.group.usual = refused(25);
  const auto end = world.stop();
  EXPECT_TRUE(end.left_group);
  EXPECT_TRUE(end.uncommitted);
}

TEST_F(FlowStops, and_says_so_when_the_partitions_are_lost_meanwhile) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.group.usual = late(5s);
  world.flow->stop();
  world.run_for(1s);
  world.group.lose({p0});
  world.until([&] { return world.done; });
  EXPECT_TRUE(world.end->uncommitted);
}

TEST_F(FlowStops, cleanly_when_nobody_reads_what_a_sink_writes) {
  World world(2);
  world.group.produce(p0, 9);
  world.unread = {"A"};
  world.shelves[0].next_outcomes = {Outcome::done, Outcome::closed};
  world.live_with({p0});
  world.until([&] { return world.done; });
  ASSERT_TRUE(world.end);
  EXPECT_TRUE(world.end->reader_gone);
  EXPECT_TRUE(world.end->left_group);
  EXPECT_FALSE(world.end->uncommitted);
  EXPECT_THAT(world.got(p0), ElementsAre(0, 1, 2));
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 3))) << "what every sink has, and no more";
  EXPECT_EQ(world.shelves[0].prepared, 1) << "before the first record; it is asked nothing more";
  EXPECT_THAT(world.shelves[0].given_up, IsEmpty());
}

TEST_F(FlowStops, cleanly_when_nobody_reads_and_a_sink_notices_it_at_a_checkpoint) {
  World world(2);
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.unread = {"A"};
  world.shelves[0].next_prepared = {Outcome::closed};
  world.until([&] { return world.done; });
  EXPECT_TRUE(world.end->reader_gone);
  EXPECT_TRUE(world.end->left_group);
}

}  // namespace
}  // namespace runnel::flow
