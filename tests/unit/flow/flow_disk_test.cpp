#include "unit/flow/flow_world.hpp"

namespace runnel::flow {
namespace {

// what a flow does when a sync of its files or of its ledger fails (delivery rule 6)

struct FlowInDoubt : FlowFacts {
  World world{0};

  FlowInDoubt() { world.host.emplace(); }

  // p0 is ours and has five durable, committed records.
  void begin() {
    world.group.produce(p0, 5);
    world.live_with({p0});
    world.until([&] { return world.group.committed[p0] == 5; });
    world.run_for(1s);
    log();
  }
  void fail_syncs(int count) {
    world.host->failing_from = world.host->syncs + 1;
    world.host->failing_until = world.host->failing_from + count;
  }
  // The next checkpoint's sync has failed.
  void doubt(int count = 1) {
    fail_syncs(count);
    world.group.produce(p0, 3);
    world.until([&] { return world.host->syncs >= world.host->failing_from; });
  }
  std::size_t said(const std::string& words) {
    std::size_t count = 0;
    const auto& all = log();
    for (auto at = all.find(words); at != std::string::npos; at = all.find(words, at + 1)) ++count;
    return count;
  }
};

constexpr auto cut_off = "what came since the last checkpoint is cut off and delivered again";

TEST_F(FlowInDoubt, commits_nothing_of_it_cuts_it_off_and_delivers_it_again) {
  begin();
  doubt();
  world.run_for(100ms);
  EXPECT_EQ(world.group.committed[p0], 5);
  world.until([&] { return world.group.committed[p0] == 8; });
  EXPECT_LT(world.where("rewind t0=5"), world.where("commit t0=8"));
  world.stop();
  world.host->lose_power(0);
  world.expect_once_in_files();
}

TEST_F(FlowInDoubt, says_so_once_a_minute_and_when_it_works_again) {
  begin();
  doubt(1);
  world.run_for(5s);
  EXPECT_EQ(said(cut_off), 1u);
  EXPECT_THAT(log(), HasSubstr("flow f: sink files: t0: told to fail; "));
  EXPECT_EQ(said("flow f: sink files: works again"), 1u);
  for (int i = 0; i < 5; ++i) doubt(1), world.run_for(5s);
  EXPECT_EQ(said(cut_off), 1u);
  world.run_for(60s);
  doubt(1);
  world.run_for(1s);
  EXPECT_EQ(said(cut_off), 2u);
  EXPECT_THAT(log(), HasSubstr("(5 more times since)"));
}

TEST_F(FlowInDoubt, waits_longer_each_time_and_goes_on_for_ever) {
  begin();
  doubt(1'000'000);
  world.run_for(1h);
  EXPECT_LT(world.host->syncs, 1000);
  EXPECT_GT(world.host->syncs, 500);
  EXPECT_EQ(world.group.committed[p0], 5);
  world.host->failing_until = 0;
  world.until([&] { return world.group.committed[p0] == 8; }, 10s);
  world.stop();
  world.expect_once_in_files();
}

TEST_F(FlowInDoubt, stands_in_a_wait_that_names_the_sink_and_why_until_it_is_durable) {
  begin();
  doubt();
  const auto in_doubt = [&] {
    const auto waits = world.flow->standing().waits;
    return !waits.empty() && waits[0].what == "sink files" && waits[0].why == "t0: told to fail";
  };
  world.until(in_doubt, 1s);
  world.until([&] { return world.group.committed[p0] == 8; });
  world.run_for(1s);
  EXPECT_EQ(world.flow->standing().waits.at(0).what, "records");
  EXPECT_EQ(world.flow->standing().waits.at(0).why, "");
}

TEST_F(FlowInDoubt, of_the_ledger_alone_writes_it_anew_and_rewinds_nothing) {
  begin();
  world.host->failing_from = world.host->syncs + 2;  // behind the file's
  world.host->failing_until = world.host->failing_from + 1;
  world.group.produce(p0, 3);
  world.run_for(5s);
  EXPECT_EQ(world.group.committed[p0], 8);
  EXPECT_EQ(world.where("rewind t0=5"), world.group.diary.size());
  EXPECT_THAT(log(), HasSubstr("flow f: the ledger: the ledger: told to fail; trying again"));
  EXPECT_EQ(said("flow f: the ledger: works again"), 1u);
  world.stop();
}

// A commit speaks of what was durable before, so it counts, and what Kafka says before it is answered is not
// the last word.
TEST_F(FlowInDoubt, waits_for_the_answer_that_is_out) {
  begin();
  world.flow->adjust({.interval = 10s, .bytes = 10}, 20s);
  world.group.replies = {late(3s)};
  world.group.produce(p0, 1);
  world.until([&] { return world.where("commit t0=6") < world.group.diary.size(); });
  world.host->unsure_deliveries = 1;
  world.flow->adjust({.interval = 10s, .bytes = 1'000'000}, 20s);
  world.group.produce(p0, 2);
  world.run_for(2s);
  EXPECT_EQ(world.host->unsure_deliveries, 0);
  EXPECT_EQ(world.group.diary.back(), "commit t0=6");
  world.until([&] { return world.group.committed[p0] == 8; });
  EXPECT_LT(world.where("rewind t0=6"), world.group.diary.size());
  world.stop();
  world.expect_once_in_files();
}

TEST_F(FlowInDoubt, sends_a_commit_without_an_answer_again_before_it_settles) {
  begin();
  world.flow->adjust({.interval = 10s, .bytes = 10}, 20s);
  world.group.replies = {{16, 3s, Reply::not_at_all}, {16, 3s, Reply::not_at_all}};
  world.group.produce(p0, 1);
  world.until([&] { return world.where("commit t0=6") < world.group.diary.size(); });
  const auto begun = world.where("commit t0=6");
  world.host->unsure_deliveries = 1;
  world.flow->adjust({.interval = 10s, .bytes = 1'000'000}, 20s);
  world.group.produce(p0, 2);
  world.until([&] { return world.where("rewind t0=6") < world.group.diary.size(); });
  EXPECT_THAT(world.diary_from(begun), ElementsAre("commit t0=6", "answer 16", "commit t0=6", "answer 16",
                                                   "commit t0=6", "answer 0", "rewind t0=6"));
  world.until([&] { return world.group.committed[p0] == 8; });
  world.stop();
  world.expect_once_in_files();
}

// No new generation fences it, as one does after a loss.
TEST_F(FlowInDoubt, remembers_what_a_commit_without_an_answer_may_still_ask_for) {
  begin();
  world.group.replies = {{16, 20ms, Reply::not_at_all}};
  world.group.produce(p0, 1);
  world.until([&] { return world.group.committed[p0] == 6; });
  const auto late_one = world.group.metadata[p0];
  world.group.produce(p0, 2);
  world.until([&] { return world.group.committed[p0] == 8; });
  doubt();
  world.until([&] { return world.group.committed[p0] == 11; });
  world.group.committed[p0] = 6;
  world.group.metadata[p0] = late_one;
  world.die();
  world.live_with({p0});
  world.run_for(3s);
  world.stop();
  world.expect_once_in_files();
}

TEST_F(FlowInDoubt, lets_go_what_is_revoked_uncommitted_and_delivers_it_again_when_it_is_back) {
  begin();
  doubt(1'000'000);
  world.run_for(1s);
  world.group.revoke({p0});
  world.until([&] { return world.group.assigned().empty(); });
  EXPECT_EQ(world.group.committed[p0], 5);
  EXPECT_THAT(log(), HasSubstr("the last records before a rebalance are not committed: they come again"));
  world.host->failing_until = 0;
  world.group.assign({p0});
  world.until([&] { return world.group.committed[p0] == 8; });
  world.stop();
  world.expect_once_in_files();
}

TEST_F(FlowInDoubt, stops_within_drain_and_leaves_what_is_in_doubt_to_the_next) {
  begin();
  doubt(1'000'000);
  world.run_for(1s);
  const auto begun = world.clock.now();
  const auto end = world.stop();
  EXPECT_LE(world.ended_at - begun, 20s);
  EXPECT_TRUE(end.left_group && end.uncommitted);
  EXPECT_EQ(world.group.committed[p0], 5);
  world.bury();
  world.host->failing_until = 0;
  world.live_with({p0});
  world.until([&] { return world.group.committed[p0] == 8; });
  world.stop();
  world.expect_once_in_files();
}

TEST_F(FlowInDoubt, of_the_last_checkpoint_stops_at_once) {
  begin();
  fail_syncs(1);
  world.group.produce(p0, 3);
  world.run_for(100ms);
  const auto begun = world.clock.now();
  const auto end = world.stop();
  EXPECT_LE(world.ended_at - begun, 1s);
  EXPECT_TRUE(end.left_group && end.uncommitted);
  EXPECT_EQ(world.group.committed[p0], 5);
}

TEST_F(FlowInDoubt, that_is_to_stop_waits_for_the_group_and_does_not_spin) {
  begin();
  world.group.begin_join();
  doubt();
  world.flow->stop();
  const auto target = world.clock.now() + 5s;
  int steps = 0;
  while (steps < 1000 && world.clock.step(world.loop, target)) ++steps;
  EXPECT_LT(steps, 1000);
  world.group.revoke({p0});
  world.until([&] { return world.done; });
  EXPECT_EQ(world.group.committed[p0], 5);
}

// the sweep: each sync in turn, and some in a row

struct Failing {
  bool cooperative;
  bool shared;  // one file for all partitions
  int in_a_row;
};

/// Everything that happens to a flow with two partitions, while `failing.in_a_row` syncs fail from the one of
/// this number on. False: so many were not made.
bool survives(int from, const Failing& failing) {
  World world{0};
  auto& host = world.host.emplace();
  host.shared = failing.shared;
  host.failing_from = from;
  host.failing_until = from + failing.in_a_row;
  world.params.drain = 3s;
  world.group.cooperative = failing.cooperative;
  world.group.usual = {0, 40ms};
  world.group.produce(p0, 4);
  world.live_with({p0, p1});
  world.run_for(1s);
  world.group.produce(p1, 2);
  world.run_for(1500ms);
  world.group.replies = {{16, 20ms, Reply::at_once}, {-185, 20ms, Reply::not_at_all}};
  world.group.produce(p0, 3);
  world.run_for(1500ms);
  world.group.produce(p0, 2), world.group.produce(p1, 3);
  world.group.revoke(failing.cooperative ? std::vector{p1} : std::vector{p0, p1});
  world.run_for(4s);
  world.group.assign(failing.cooperative ? std::vector{p1} : std::vector{p0, p1});
  world.run_for(2s);
  world.group.replies = {refused()};
  world.group.produce(p1, 2);
  world.run_for(1500ms);
  world.group.lose({p0, p1});
  world.group.assign({p0, p1});
  world.group.produce(p0, 1);
  world.run_for(2s);
  world.stop();
  world.bury();
  const bool reached = host.syncs >= from;
  world.group.replies.clear();
  host.failing_until = 0;
  host.lose_power(0);

  world.group.produce(p0, 1);
  world.live_with({p0, p1});
  world.run_for(3s);
  const auto end = world.stop();
  EXPECT_TRUE(end.left_group && !end.uncommitted && !end.given_up);
  world.expect_once_in_files();
  EXPECT_THAT(world.group.committed,
              ElementsAre(Pair(p0, world.group.logs[p0].high), Pair(p1, world.group.logs[p1].high)));
  return reached;
}

TEST_F(FlowInDoubt, whichever_sync_fails_loses_and_doubles_nothing) {
  telemetry::set_level(telemetry::Level::error);
  for (const bool cooperative : {false, true})
    for (const bool shared : {false, true})
      for (const int in_a_row : {1, 2, 5, 40}) {
        int from = 1;
        if (HasFailure()) break;
        while (!HasFailure() && survives(from, {cooperative, shared, in_a_row})) ++from;
        EXPECT_GT(from, 20);
        EXPECT_FALSE(HasFailure()) << in_a_row << " from sync " << from << " on"
                                   << (cooperative ? ", cooperative" : "") << (shared ? ", one file" : "");
      }
  telemetry::set_level(telemetry::Level::info);
}

}  // namespace
}  // namespace runnel::flow
