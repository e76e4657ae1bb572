#include "unit/flow/flow_world.hpp"

namespace runnel::flow {
namespace {

// a record's way

using FlowDelivers = FlowFacts;

TEST_F(FlowDelivers, every_record_once_commits_and_leaves) {
  World world;
  world.group.produce(p0, 7);
  world.group.produce(p1, 2);
  world.live_with({p0, p1});
  world.run_for(2s);
  EXPECT_THAT(world.got(p0), ElementsAre(0, 1, 2, 3, 4, 5, 6));
  EXPECT_THAT(world.got(p1), ElementsAre(0, 1));
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 7), Pair(p1, 2)));
  world.group.produce(p1, 1);
  world.run_for(10ms);
  const auto end = world.stop();
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 7), Pair(p1, 3)));
  EXPECT_TRUE(end.left_group);
  EXPECT_FALSE(end.uncommitted || end.given_up || end.reader_gone);
  EXPECT_EQ(world.flow->counters().records, 10u);
  EXPECT_EQ(world.flow->counters().bytes, 100u);
  EXPECT_EQ(world.shelves[0].stopped, 1);
  world.expect_no_double();
}

TEST_F(FlowDelivers, a_batch_to_all_sinks_and_the_next_only_when_all_have_it) {
  World world(3);
  world.group.produce(p0, 9);
  world.shelves[1].stuck = true;
  world.live_with({p0});
  world.run_for(5s);
  EXPECT_THAT(world.got(p0, 0), ElementsAre(0, 1, 2));
  EXPECT_THAT(world.got(p0, 1), IsEmpty());
  EXPECT_THAT(world.got(p0, 2), ElementsAre(0, 1, 2));
  EXPECT_EQ(world.flow->counters().records, 0u);
  world.shelves[1].stuck = false;
  world.run_for(1s);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(world.count(i), 9u);
  world.expect_no_double();
}

TEST_F(FlowDelivers, all_sinks_at_once) {
  World world(2);
  for (auto& shelf : world.shelves) shelf.takes = 100ms;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(150ms);
  EXPECT_EQ(world.count(0), 3u);
  EXPECT_EQ(world.count(1), 3u);
}

TEST_F(FlowDelivers, a_failed_batch_again_after_a_growing_wait_and_reads_nothing_meanwhile) {
  World world(2);
  world.group.produce(p0, 6);
  world.shelves[1].next_outcomes = {4, Outcome::failed};
  world.live_with({p0});
  world.run_for(3700ms);
  EXPECT_EQ(world.count(0), 3u) << "the sink that has it is not given it again, nor the next batch";
  world.run_for(1s);
  EXPECT_EQ(world.count(0), 6u);
  EXPECT_EQ(world.count(1), 6u);
  world.expect_no_double();
  const auto& at = world.shelves[1].attempts;
  ASSERT_EQ(at.size(), 6u);
  EXPECT_EQ(at[1] - at[0], 250ms);
  EXPECT_EQ(at[2] - at[1], 500ms);
  EXPECT_EQ(at[3] - at[2], 1s);
  EXPECT_EQ(at[4] - at[3], 2s);
  EXPECT_EQ(at[5], at[4]) << "the next batch is not made to wait";
  EXPECT_THAT(log(), HasSubstr("sink B: told to; trying again"));
}

TEST_F(FlowDelivers, the_wait_for_a_sick_sink_never_exceeds_five_seconds) {
  World world;
  world.group.produce(p0, 1);
  world.shelves[0].next_outcomes = {30, Outcome::failed};
  world.live_with({p0});
  world.run_for(200s);
  EXPECT_EQ(world.count(), 1u);
  const auto& at = world.shelves[0].attempts;
  for (std::size_t i = 1; i < at.size(); ++i) EXPECT_LE(at[i] - at[i - 1], 5s);
}

TEST_F(FlowDelivers, and_knows_how_far_it_is_behind) {
  World world;
  world.group.produce(p0, 9);
  world.shelves[0].stuck = true;
  world.live_with({p0});
  world.run_for(1s);
  EXPECT_EQ(world.flow->lag(), 9);
  world.shelves[0].stuck = false;
  world.run_for(1s);
  EXPECT_EQ(world.flow->lag(), 0);
}

// rule 1: a position is committed only after its records were delivered

using FlowCommits = FlowFacts;

TEST_F(FlowCommits, nothing_that_a_sink_does_not_have) {
  World world(2);
  world.group.produce(p0, 3);
  world.shelves[1].stuck = true;
  world.live_with({p0});
  world.run_for(1h);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 0)));
  world.shelves[1].stuck = false;
  world.run_for(2s);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 3)));
}

TEST_F(FlowCommits, nothing_that_a_sink_has_not_made_durable) {
  World world(2);
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(500ms);
  world.shelves[1].prepare_stuck = true;
  world.run_for(1h);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 0)));
  world.shelves[1].prepare_stuck = false;
  world.run_for(1s);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 3)));
}

TEST_F(FlowCommits, after_a_sink_failed_to_make_it_durable_and_then_could) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(500ms);
  world.shelves[0].next_prepared = {2, Outcome::failed};
  world.run_for(900ms);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 0)));
  world.run_for(500ms);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 3)));
}

TEST_F(FlowCommits, once_an_interval_and_only_when_there_is_something_new) {
  World world;
  world.group.produce(p0, 0);
  world.group.committed = {{p0, 0}};
  world.live_with({p0});
  world.run_for(10s);
  EXPECT_EQ(world.group.commits, 0);
  for (int i = 0; i < 100; ++i) {
    world.group.produce(p0, 1);
    world.run_for(100ms);
  }
  EXPECT_GE(world.group.commits, 9);
  EXPECT_LE(world.group.commits, 11);
}

TEST_F(FlowCommits, before_the_interval_when_enough_bytes_were_delivered) {
  World world;
  world.params.checkpoint.bytes = 60;
  world.group.committed = {{p0, 0}};
  world.group.produce(p0, 6);
  world.live_with({p0});
  world.run_for(100ms);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 6)));
}

TEST_F(FlowCommits, the_offset_after_the_last_record_and_never_a_count) {
  World world;
  world.group.skip(p0, 100);
  world.group.produce(p0, 2);
  world.group.skip(p0, 50);
  world.group.produce(p0, 1);
  world.live_with({p0});
  world.run_for(2s);
  EXPECT_THAT(world.got(p0), ElementsAre(100, 101, 152));
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 153)));
  EXPECT_THAT(log(), Not(HasSubstr("deleted")));
}

// rule 8: where it begins

using FlowBegins = FlowFacts;

TEST_F(FlowBegins, and_reads_nothing_until_the_opening_commit_is_answered) {
  World world;
  world.group.produce(p0, 3);
  world.group.replies = {late(800ms)};
  world.live_with({p0});
  world.run_for(799ms);
  EXPECT_EQ(world.count(), 0u);
  EXPECT_THAT(world.group.diary, ElementsAre("assign t0=0", "A: prepare", "commit t0=0"));
  world.run_for(10ms);
  EXPECT_EQ(world.count(), 3u);
}

TEST_F(FlowBegins, never_when_the_opening_commit_is_never_answered) {
  World world;
  world.group.produce(p0, 3);
  world.group.replies = {late(never)};
  world.live_with({p0});
  world.run_for(1h);
  EXPECT_EQ(world.count(), 0u);
  EXPECT_EQ(world.group.commits, 1);
}

TEST_F(FlowBegins, at_once_where_the_group_has_a_position) {
  World world;
  world.group.produce(p0, 9);
  world.group.committed = {{p0, 4}};
  world.origin = {{p0, 4}};
  world.live_with({p0});
  world.run_for(10ms);
  EXPECT_THAT(world.got(p0), ElementsAre(4, 5, 6, 7, 8));
  EXPECT_EQ(world.group.commits, 0);
}

TEST_F(FlowCommits, at_other_limits_from_the_moment_they_are_given) {
  World world;
  world.params.checkpoint.interval = 1h;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(10min);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 0)));
  world.flow->adjust({.interval = 1s, .bytes = 1'000'000}, 20s);
  world.run_for(1s);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 3)));
}

TEST_F(FlowBegins, without_a_warning_though_it_is_adjusted_during_the_look_up) {
  World world;
  world.group.produce(p0, 3);
  world.group.look_up_takes = 5s;
  world.live_with({p0});
  world.run_for(1s);
  world.flow->adjust(world.params.checkpoint, 10s);
  world.run_for(10s);
  EXPECT_EQ(world.count(), 3u);
  EXPECT_THAT(log(), Not(HasSubstr("cannot begin")));
}

TEST_F(FlowBegins, again_and_again_while_the_brokers_do_not_answer) {
  World world;
  world.group.produce(p0, 3);
  world.group.failing_look_ups = 5;
  world.live_with({p0});
  world.run_for(30s);
  EXPECT_EQ(world.count(), 3u);
  EXPECT_THAT(log(), HasSubstr("cannot begin yet: no broker answers; trying again"));
}

TEST_F(FlowBegins, with_latest_at_the_end_and_keeps_that_position_though_it_stops_before_a_record_comes) {
  World world;
  world.params.reset = delivery::Reset::latest;
  world.group.produce(p0, 5);
  world.group.produce(p1, 2);
  world.live_with({p0});  // p1 is another member's
  world.run_for(100ms);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 5), Pair(p1, 2)));
  world.stop();
  world.bury();
  world.group.produce(p0, 1);
  world.group.produce(p1, 1);
  world.group.produce(p2, 4);  // a partition made meanwhile: its records are new
  world.live_with({p0, p1, p2});
  world.run_for(2s);
  EXPECT_THAT(world.got(p0), ElementsAre(5));
  EXPECT_THAT(world.got(p1), ElementsAre(2));
  EXPECT_THAT(world.got(p2), ElementsAre(0, 1, 2, 3));
}

TEST_F(FlowBegins, after_what_retention_deleted_and_says_which_offsets) {
  World world;
  world.group.produce(p0, 9);
  world.group.delete_before(p0, 6);
  world.group.committed = {{p0, 2}};
  world.live_with({p0});
  world.run_for(2s);
  EXPECT_THAT(world.got(p0), ElementsAre(6, 7, 8));
  EXPECT_THAT(log(),
              HasSubstr("t [0]: offsets 2 to 5 were deleted before they were delivered; going on at 6"));
}

TEST_F(FlowBegins, and_says_what_was_deleted_while_it_read) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.shelves[0].stuck = true;
  world.group.produce(p0, 3);
  world.run_for(100ms);
  world.group.produce(p0, 5);
  world.group.delete_before(p0, 9);
  world.shelves[0].stuck = false;
  world.run_for(2s);
  EXPECT_THAT(world.got(p0), ElementsAre(0, 1, 2, 3, 4, 5, 9, 10));
  EXPECT_THAT(log(), HasSubstr("offsets 6 to 8 were deleted"));
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 11)));
}

TEST_F(FlowBegins, anew_when_the_topic_was_made_anew_also_once_it_has_outgrown_the_old_position) {
  World world;
  world.group.produce(p0, 5);
  world.live_with({p0});
  world.run_for(2s);
  world.stop();
  world.bury();
  world.shelves[0].records.clear();
  world.shelves[0].durable = 0;
  world.group.make_anew(p0);
  world.live_with({p0});
  world.run_for(2s);
  EXPECT_THAT(log(), HasSubstr("the log ends before offset 5"));
  world.stop();
  world.bury();
  world.group.produce(p0, 8);
  world.live_with({p0});
  world.run_for(2s);
  EXPECT_THAT(world.got(p0), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

TEST_F(FlowBegins, not_at_all_without_a_position_when_reset_is_error) {
  World world;
  world.params.reset = delivery::Reset::error;
  world.group.produce(p0, 5);
  world.live_with({p0});
  world.until([&] { return world.done; });
  try {
    std::rethrow_exception(world.failure);
  } catch (const Broken& broken) {
    EXPECT_EQ(broken.exit_code, 78);
    EXPECT_THAT(broken.what(), HasSubstr("t [0]"));
  }
}

}  // namespace
}  // namespace runnel::flow
