#include "unit/flow/flow_world.hpp"

namespace runnel::flow {
namespace {

// rule 3: a revoke

using FlowRevoked = FlowFacts;

TEST_F(FlowRevoked, waits_for_the_sink_then_commits_then_gives_up) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.shelves[0].takes = 3s;
  world.run_for(1s);
  world.group.revoke({p0});
  const auto from = world.group.diary.size();
  world.run_for(3s);
  EXPECT_THAT(world.diary_from(from),
              ElementsAre("A: deliver 3", "A: prepare", "commit t0=3", "answer 0", "A: give up", "unassign"));
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 3)));
  EXPECT_THAT(world.shelves[0].given_up, ElementsAre(p0));
}

TEST_F(FlowRevoked, reads_nothing_more) {
  World world;
  world.group.produce(p0, 90);
  world.live_with({p0});
  world.shelves[0].takes = 1s;
  world.run_for(1500ms);
  world.group.revoke({p0});
  world.run_for(1h);
  EXPECT_EQ(world.count(), 6u);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 6)));
}

TEST_F(FlowRevoked, and_assigned_over_and_over_neither_loses_nor_doubles) {
  for (const bool cooperative : {false, true}) {
    World world(2);
    world.group.cooperative = cooperative;
    world.live();
    world.shelves[1].takes = 7ms;
    for (int i = 0; i < 50; ++i) {
      world.group.produce(p0, 11);
      world.group.produce(p1, 4);
      world.group.assign({p0, p1});
      world.run_for(std::chrono::milliseconds(1 + 13 * i % 50));
      world.group.revoke({p0, p1});
      world.run_for(std::chrono::milliseconds(30 * (i % 2)));
    }
    world.group.assign({p0, p1});
    world.run_for(10s);
    world.expect_no_hole();
    world.expect_no_double();
    EXPECT_EQ(world.count(), 50u * 15u);
    EXPECT_TRUE(world.stop().left_group);
  }
}

TEST_F(FlowRevoked, and_assigned_for_hours_costs_twenty_lines_a_minute_and_a_count) {
  World world;
  world.live();
  for (int second = 0; second < 600; ++second) {
    world.group.assign({p0});
    world.run_for(500ms);
    world.group.revoke({p0});
    world.run_for(500ms);
  }
  const auto lines = std::ranges::count(log(), '\n');
  EXPECT_GE(lines, 20);
  EXPECT_LE(lines, 10 * 20 + 2);
  EXPECT_THAT(log(), HasSubstr("assigned t [0] (50 more times since)\n"));
  EXPECT_THAT(log(), HasSubstr("giving up t [0] (50 more times since)\n"));
  world.stop();
}

TEST_F(FlowRevoked, tries_a_failing_commit_until_it_counts) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.group.replies = {refused(16), refused(15), refused(-185)};
  world.group.revoke({p0});
  world.run_for(5s);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 3)));
  EXPECT_THAT(log(), HasSubstr("a commit failed: code 16; trying again"));
  EXPECT_EQ(world.group.diary.back(), "unassign");
}

TEST_F(FlowRevoked, gives_up_well_before_drain_when_no_commit_is_answered_and_says_what_comes_again) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.group.replies = {late(never)};
  world.group.revoke({p0});
  world.run_for(15'900ms);
  EXPECT_NE(world.group.diary.back(), "unassign");
  world.run_for(200ms);
  EXPECT_EQ(world.group.diary.back(), "unassign");
  EXPECT_THAT(log(), HasSubstr("they come again"));
}

TEST_F(FlowRevoked, gives_a_stuck_sink_up_well_before_drain_and_commits_nothing_of_it) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(2s);
  world.shelves[0].stuck = true;
  world.group.produce(p0, 3);
  world.run_for(10s);
  world.group.revoke({p0});
  world.run_for(15'900ms);
  EXPECT_TRUE(world.group.assigned().contains(p0));
  world.run_for(200ms);
  EXPECT_FALSE(world.group.assigned().contains(p0));
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 3)));
  EXPECT_THAT(log(), HasSubstr("3 records could not be delivered before the partitions had to be given up"));
  world.shelves[0].stuck = false;
  world.group.assign({p0});
  world.run_for(2s);
  EXPECT_THAT(world.got(p0), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST_F(FlowRevoked, commits_nothing_that_one_of_two_sinks_does_not_have) {
  World world(2);
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(2s);
  world.shelves[1].stuck = true;
  world.group.produce(p0, 3);
  world.run_for(1s);
  world.group.revoke({p0});
  world.run_for(25s);
  EXPECT_EQ(world.group.diary.back(), "unassign");
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 3)));
  world.shelves[1].stuck = false;
  world.group.assign({p0});
  world.run_for(2s);
  EXPECT_THAT(world.got(p0, 0), ElementsAre(0, 1, 2, 3, 4, 5, 3, 4, 5)) << "at least once";
  EXPECT_THAT(world.got(p0, 1), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST_F(FlowRevoked, commits_nothing_that_could_not_be_made_durable_in_time) {
  World world(2);
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.shelves[1].prepare_stuck = true;
  world.group.revoke({p0});
  world.run_for(15'900ms);
  EXPECT_TRUE(world.group.assigned().contains(p0));
  world.run_for(200ms);
  EXPECT_FALSE(world.group.assigned().contains(p0));
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 0)));
  EXPECT_THAT(log(), HasSubstr("they come again"));
}

TEST_F(FlowRevoked, rewinds_what_stays_after_a_batch_was_given_up) {
  World world;
  world.group.cooperative = true;
  world.group.produce(p0, 4);
  world.group.produce(p1, 4);
  world.live_with({p0, p1});
  world.run_for(2s);
  world.shelves[0].stuck = true;
  world.group.produce(p0, 9);
  world.group.produce(p1, 9);
  world.run_for(1s);
  world.group.revoke({p1});
  world.run_for(25s);
  EXPECT_THAT(world.group.assigned(), ElementsAre(p0));
  EXPECT_LT(world.where("rewind t0=4 t1=4"), world.where("unassign"));
  world.shelves[0].stuck = false;
  world.run_for(2s);
  EXPECT_THAT(world.got(p0), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
  EXPECT_THAT(world.got(p1), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 13), Pair(p1, 4)));
}

TEST_F(FlowRevoked, goes_on_with_what_stays) {
  World world;
  world.group.cooperative = true;
  world.group.produce(p0, 3);
  world.group.produce(p1, 3);
  world.live_with({p0, p1});
  world.run_for(100ms);
  world.group.revoke({p1});
  world.run_for(100ms);
  world.group.assign({});  // the end of a cooperative rebalance
  world.group.produce(p0, 3);
  world.group.produce(p1, 3);
  world.run_for(2s);
  EXPECT_EQ(world.got(p0).size(), 6u);
  EXPECT_EQ(world.got(p1).size(), 3u);
  world.group.assign({p1});
  world.run_for(2s);
  world.expect_no_hole();
  world.expect_no_double();
}

TEST_F(FlowRevoked, with_a_join_out_commits_when_the_change_has_come) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.group.begin_join();
  world.run_for(5s);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 0)));
  EXPECT_EQ(world.group.commits, 2) << "handed over once and held, not again and again";
  world.group.revoke({p0});
  world.run_for(100ms);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 3)));
  EXPECT_EQ(world.group.diary.back(), "unassign");
}

TEST_F(FlowRevoked, a_commit_held_back_while_more_is_assigned_is_not_sent_but_made_anew_with_all) {
  World world;
  world.group.produce(p0, 3);
  world.group.produce(p1, 4);
  world.live_with({p0});
  world.run_for(100ms);
  world.group.begin_join();
  world.run_for(5s);
  const auto from = world.group.diary.size();
  world.group.assign({p1});
  world.run_for(100ms);
  const auto then = world.diary_from(from);
  ASSERT_GT(then.size(), 2u);
  EXPECT_EQ(then[1], "answer -152") << "once the flow has what is new";
  EXPECT_THAT(then, Not(testing::Contains("commit t0=3"))) << "which would lack it";
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 3), Pair(p1, 0))) << "in one commit, of now";
  world.run_for(2s);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 3), Pair(p1, 4)));
}

TEST_F(FlowRevoked, an_answer_that_comes_after_the_partition_is_back_does_no_harm) {
  World world;
  world.params.drain = 1s;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.group.replies = {{0, 5s, Reply::at_once}};
  world.group.revoke({p0});
  world.run_for(1500ms);
  world.group.assign({p0});
  world.group.produce(p0, 5);
  world.run_for(10s);
  world.expect_no_hole();
  world.expect_no_double();
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 8)));
}

// a loss

using FlowLost = FlowFacts;

TEST_F(FlowLost, commits_nothing_and_says_that_records_come_again) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  const auto from = world.group.diary.size();
  world.group.lose({p0});
  world.run_for(5s);
  EXPECT_THAT(world.diary_from(from), ElementsAre("A: give up", "unassign"));
  EXPECT_THAT(log(), HasSubstr("lost t [0]"));
  EXPECT_THAT(log(), HasSubstr("they come again"));
}

TEST_F(FlowLost, waits_for_the_answer_to_every_commit_first) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.group.replies = {late(10s)};
  world.run_for(2s);
  const auto from = world.group.diary.size();
  world.group.lose({p0});
  world.run_for(5s);
  EXPECT_EQ(world.group.diary.size(), from);
  world.run_for(5s);
  EXPECT_THAT(world.diary_from(from), ElementsAre("answer 22", "A: give up", "unassign"));
}

TEST_F(FlowLost, with_a_join_out_drops_the_commit_that_was_held) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.group.begin_join();
  world.run_for(5s);
  world.group.lose({p0});
  world.run_for(5s);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 0)));
  EXPECT_EQ(world.group.diary.back(), "unassign");
}

TEST_F(FlowLost, begins_again_at_once_where_the_group_stands) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.group.replies = {refused(25)};
  world.run_for(2s);
  world.group.lose({p0});
  world.group.produce(p1, 1);  // opens with a commit, which nothing may delay
  world.group.assign({p0, p1});
  world.run_for(100ms);
  EXPECT_THAT(world.got(p0), ElementsAre(0, 1, 2, 0, 1, 2));
  EXPECT_THAT(world.got(p1), ElementsAre(0));
}

// a commit that is refused, fails, or is not answered

using FlowUncommitted = FlowFacts;

TEST_F(FlowUncommitted, a_refused_commit_stops_reading_until_the_next_change_and_is_then_tried_at_once) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.group.replies = {refused(27)};
  world.run_for(2s);
  world.group.produce(p0, 3);
  world.run_for(2s);
  EXPECT_EQ(world.count(), 3u);
  EXPECT_THAT(log(), HasSubstr("a commit was refused: code 27; waiting for the group"));
  world.group.revoke({p0});
  world.run_for(100ms);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 3))) << "a refusal is no loss";
  EXPECT_EQ(world.group.diary.back(), "unassign");
  world.group.assign({p0});
  world.run_for(100ms);
  EXPECT_THAT(world.got(p0), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST_F(FlowUncommitted, a_refused_commit_lets_reading_go_on_after_a_plain_assignment_too) {
  World world;
  world.group.cooperative = true;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.group.replies = {refused(27)};
  world.run_for(2s);
  world.group.produce(p0, 3);
  world.run_for(1s);
  EXPECT_EQ(world.count(), 3u);
  world.group.assign({});
  world.run_for(100ms);
  EXPECT_EQ(world.count(), 6u);
  world.run_for(2s);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 6)));
}

TEST_F(FlowUncommitted, a_commit_refused_twice_lets_the_partition_go) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.group.replies = {refused(27), refused(27)};
  world.run_for(2s);
  world.group.revoke({p0});
  world.run_for(100ms);
  EXPECT_EQ(world.group.diary.back(), "unassign");
  EXPECT_THAT(log(), HasSubstr("they come again"));
}

TEST_F(FlowUncommitted, a_refused_commit_is_tried_after_ten_seconds_when_no_change_comes) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.group.replies = {refused(22)};
  world.run_for(2s);
  world.group.produce(p0, 3);
  world.run_for(8s);
  EXPECT_EQ(world.count(), 3u);
  world.run_for(3s);
  EXPECT_EQ(world.count(), 6u);
}

TEST_F(FlowUncommitted, an_answer_that_is_out_for_an_interval_holds_reading_back) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.group.replies = {late(30s)};
  world.until([&] { return world.group.commits == 2; });
  world.run_for(990ms);
  EXPECT_TRUE(world.group.reading());
  world.run_for(20ms);
  EXPECT_FALSE(world.group.reading());
  world.group.produce(p0, 3);
  world.run_for(20s);
  EXPECT_EQ(world.count(), 3u);
  world.run_for(20s);
  EXPECT_EQ(world.count(), 6u);
  EXPECT_EQ(world.group.commits, 3);
}

TEST_F(FlowUncommitted, an_answer_that_is_out_holds_reading_back_after_so_many_bytes) {
  World world;
  world.params.checkpoint = {.interval = 1h, .bytes = 100};
  world.group.committed = {{p0, 0}};
  world.group.produce(p0, 90);
  world.group.replies = {late(10s)};
  world.live_with({p0});
  world.run_for(5s);
  EXPECT_EQ(world.count(), 24u) << "twelve to the checkpoint, twelve more meanwhile, and none beyond";
  world.run_for(10s);
  EXPECT_EQ(world.count(), 90u);
}

TEST_F(FlowUncommitted, a_coordinator_that_is_away_for_long_bounds_what_may_come_again) {
  World world;
  world.params.checkpoint = {.interval = 1s, .bytes = 100};
  world.group.produce(p0, 0);
  world.group.committed = {{p0, 0}};
  world.group.usual = refused(15);
  world.live_with({p0});
  for (int i = 0; i < 600; ++i) {
    world.group.produce(p0, 3);
    world.run_for(100ms);
  }
  EXPECT_LE(world.count(), 36u);
  world.group.usual = {};
  world.run_for(60s);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 1800)));
  world.expect_no_double();
}

TEST_F(FlowUncommitted, what_no_retry_mends_ends_the_flow_loudly) {
  World world;
  world.group.produce(p0, 3);
  world.group.replies = {refused(30)};
  world.live_with({p0});
  world.until([&] { return world.done; });
  ASSERT_TRUE(world.failure);
  try {
    std::rethrow_exception(world.failure);
  } catch (const Broken& broken) {
    EXPECT_EQ(broken.exit_code, 70);
    EXPECT_THAT(broken.what(), HasSubstr("flow f: positions cannot be committed: code 30"));
  }
  EXPECT_EQ(world.count(), 0u);
}

}  // namespace
}  // namespace runnel::flow
