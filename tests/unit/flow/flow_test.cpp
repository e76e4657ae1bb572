#include "support/memory_sink.hpp"
#include "support/simulated_clock.hpp"
#include "support/simulated_group.hpp"

#include <runnel/flow/broken.hpp>
#include <runnel/flow/flow.hpp>
#include <runnel/telemetry/log.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <gmock/gmock.h>

#include <algorithm>
#include <deque>
#include <iostream>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace runnel::flow {
namespace {

using namespace std::chrono_literals;
using delivery::Partition;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using tests::SimulatedGroup;
using Reply = SimulatedGroup::Reply;
namespace asio = async::asio;

const Partition p0{"t", 0};
const Partition p1{"t", 1};
const Partition p2{"t", 2};
constexpr auto never = SimulatedGroup::never;

Reply refused(int code = 27) {
  return {code, 5ms, Reply::not_at_all};
}
Reply late(std::chrono::nanoseconds after) {
  return {0, after};
}

/// One flow at a time on a simulated group, clock and sinks, which outlive it. Whatever a test does, two
/// things hold at each commit that the group applies: every record below it is in every sink, and durable
/// there.
class World {
 public:
  explicit World(std::size_t sinks = 1) : shelves(sinks) {
    for (std::size_t i = 0; i < sinks; ++i) {
      shelves[i].name = std::string(1, static_cast<char>('A' + i));
      shelves[i].diary = &group.diary;
    }
    group.before_apply = [this](const delivery::Positions& positions) { judge(positions); };
    params.name = "f";
    params.reset = delivery::Reset::earliest;
    params.checkpoint = {.interval = 1s, .bytes = 1'000'000};
    params.drain = 20s;
  }
  ~World() {
    if (!flow) return;
    if (!done) die();
    EXPECT_EQ(clock.waiting(), 0u);
    EXPECT_THAT(group.breaches, IsEmpty());
  }

  void live() {
    end.reset();
    failure = nullptr;
    done = false;
    std::vector<NamedSink> sinks;
    for (auto& shelf : shelves)
      sinks.push_back({shelf.name, std::make_unique<tests::MemorySink>(loop.get_executor(), clock, shelf)});
    flow = std::make_unique<Flow>(loop.get_executor(), params, group.join(loop.get_executor()),
                                  std::move(sinks), clock);
    auto ended = [this](std::exception_ptr e) {
      done = true;
      ended_at = clock.now();
      if (e) std::rethrow_exception(e);
    };
    cancel = std::make_unique<asio::cancellation_signal>();
    asio::co_spawn(loop, life(), asio::bind_cancellation_slot(cancel->slot(), ended));
  }
  void live_with(std::vector<Partition> partitions) {
    live();
    group.assign(std::move(partitions));
  }

  /// Ends the flow where it stands, by cancellation; it may not wait for anything.
  void die() {
    const auto now = clock.now();
    // On the loop: elsewhere Asio 1.81 posts it, with a pointer that may be stale by then.
    asio::post(loop, [this] {
      if (!done) cancel->emit(asio::cancellation_type::terminal);
    });
    while (!done && clock.step(loop, now)) {
    }
    EXPECT_TRUE(done) << "waits on although it was cancelled";
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
      EXPECT_EQ(error.code(), asio::error::operation_aborted);
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
    loop.poll();
    bury();
  }
  /// What was not durable is gone with the life that wrote it.
  void bury() {
    flow.reset();
    EXPECT_EQ(clock.waiting(), 0u) << "left something behind";
    for (auto& shelf : shelves) shelf.records.resize(shelf.durable);
  }

  void run_for(std::chrono::nanoseconds time) { clock.run_for(loop, time); }
  template <class Predicate>
  void until(Predicate predicate, std::chrono::nanoseconds limit = 60s) {
    const auto last = clock.now() + limit;
    while (!predicate() && clock.step(loop, last)) {
    }
    EXPECT_TRUE(predicate()) << "not within the limit";
  }
  FlowEnd stop() {
    flow->stop();
    until([&] { return done; });
    return end.value_or(FlowEnd());
  }

  std::vector<std::int64_t> got(const Partition& partition, std::size_t sink = 0) const {
    auto all = shelves[sink].offsets();
    return all[partition];
  }
  std::size_t count(std::size_t sink = 0) const { return shelves[sink].records.size(); }

  /// Every record from where the group began on is in every sink.
  void expect_no_hole() const {
    for (const auto& [partition, log] : group.logs)
      expect_delivered(partition, std::numeric_limits<std::int64_t>::max(), false);
  }
  void expect_no_double() const {
    for (std::size_t i = 0; i < shelves.size(); ++i) {
      for (auto& [partition, offsets] : shelves[i].offsets())
        EXPECT_EQ(std::set(offsets.begin(), offsets.end()).size(), offsets.size()) << "sink " << i;
    }
  }

  /// Where `line` stands in the diary, from `from` on; its size: nowhere.
  std::size_t where(const std::string& line, std::size_t from = 0) const {
    const auto begin = group.diary.begin() + static_cast<std::ptrdiff_t>(std::min(from, group.diary.size()));
    return static_cast<std::size_t>(std::find(begin, group.diary.end(), line) - group.diary.begin());
  }
  std::vector<std::string> diary_from(std::size_t from) const {
    return {group.diary.begin() + static_cast<std::ptrdiff_t>(from), group.diary.end()};
  }

  tests::SimulatedClock clock;
  asio::io_context loop;
  SimulatedGroup group{clock};
  std::deque<tests::Shelf> shelves;
  FlowParams params;
  std::map<Partition, std::int64_t> origin;  // where the group began
  std::set<std::string> unread;              // sinks whose reader is gone: for them delivered is durable
  std::unique_ptr<Flow> flow;
  std::unique_ptr<asio::cancellation_signal> cancel;
  bool done = false;
  std::exception_ptr failure;
  std::optional<FlowEnd> end;
  time_point ended_at;

 private:
  // Shielded at its end, as every task of async::Group is: a cancellation that comes when all is done is
  // void.
  async::awaitable<void> life() {
    try {
      end = co_await flow->run();
    } catch (...) {
      failure = std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  }

  void judge(const delivery::Positions& positions) {
    for (const auto& [partition, next] : positions) {
      if (!group.committed.contains(partition)) origin.emplace(partition, next);
      expect_delivered(partition, next, true);
    }
  }
  void expect_delivered(const Partition& partition, std::int64_t next, bool durable) const {
    const auto& records = group.logs.at(partition).records;
    const auto begun = origin.find(partition);
    for (const auto& shelf : shelves) {
      std::set<std::int64_t> there;
      const bool all = !durable || unread.contains(shelf.name);
      for (std::size_t i = 0; i < (all ? shelf.records.size() : shelf.durable); ++i)
        if (shelf.records[i].partition == partition) there.insert(shelf.records[i].offset);
      auto record = records.lower_bound(begun == origin.end() ? 0 : begun->second);
      for (; record != records.end() && *record < next; ++record)
        EXPECT_TRUE(there.contains(*record)) << "sink " << shelf.name << " has no t" << partition.number
                                             << " " << *record << (durable ? ", and it is committed" : "");
    }
  }
};

/// Keeps the log, and shows it, and what was done, when a fact is none.
class FlowFacts : public testing::Test {
 protected:
  void SetUp() override { testing::internal::CaptureStderr(); }
  void TearDown() override {
    log();
    testing::internal::GetCapturedStderr();
    if (HasFailure()) std::cerr << log_;
  }
  const std::string& log() {
    log_ += testing::internal::GetCapturedStderr();
    testing::internal::CaptureStderr();
    return log_;
  }

 private:
  std::string log_;
};

// ---- a record's way
// -------------------------------------------------------------------------------------------

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

// ---- rule 1: a position is committed only after its records were delivered
// ----------------------------------------

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

// ---- rule 8: where it begins
// ----------------------------------------------------------------------------------

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

// ---- rule 3: a revoke
// -----------------------------------------------------------------------------------------

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

TEST_F(FlowRevoked, gives_up_at_drain_when_no_commit_is_answered_and_says_what_comes_again) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.group.replies = {late(never)};
  world.group.revoke({p0});
  world.run_for(19s);
  EXPECT_NE(world.group.diary.back(), "unassign");
  world.run_for(1s);
  EXPECT_EQ(world.group.diary.back(), "unassign");
  EXPECT_THAT(log(), HasSubstr("they come again"));
}

TEST_F(FlowRevoked, gives_a_stuck_sink_up_at_drain_and_commits_nothing_of_it) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(2s);
  world.shelves[0].stuck = true;
  world.group.produce(p0, 3);
  world.run_for(10s);
  world.group.revoke({p0});
  world.run_for(19'900ms);
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

TEST_F(FlowRevoked, commits_nothing_that_could_not_be_made_durable_by_drain) {
  World world(2);
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.shelves[1].prepare_stuck = true;
  world.group.revoke({p0});
  world.run_for(19'900ms);
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

// ---- a loss
// ---------------------------------------------------------------------------------------------------

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

// ---- a commit that is refused, fails, or is not answered
// ---------------------------------------------------------

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

// ---- stop
// -----------------------------------------------------------------------------------------------------

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
  EXPECT_EQ(world.ended_at - begun, 20s);
}

TEST_F(FlowStops, at_drain_with_a_stuck_sink_and_says_that_records_were_given_up) {
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
  EXPECT_FALSE(end.left_group);
  EXPECT_EQ(world.ended_at - begun, 20s);
  EXPECT_THAT(world.group.committed, ElementsAre(Pair(p0, 3)));
  EXPECT_THAT(log(), HasSubstr("3 records could not be delivered before the drain deadline"));
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
  EXPECT_EQ(world.ended_at - begun, 20s);
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

TEST_F(FlowStops, at_drain_when_a_sink_cannot_make_durable_what_it_has_and_says_so) {
  World world;
  world.group.produce(p0, 3);
  world.live_with({p0});
  world.run_for(100ms);
  world.shelves[0].prepare_stuck = true;
  const auto begun = world.clock.now();
  const auto end = world.stop();
  EXPECT_TRUE(end.uncommitted);
  EXPECT_FALSE(end.left_group);
  EXPECT_EQ(world.ended_at - begun, 20s);
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

// ---- the sweep: an end at every point, and the life after it
// ------------------------------------------------------

struct Course {
  const char* name;
  bool cooperative;
  Reply::Applied applied;  // when the group applies what was committed
  delivery::Reset reset;
};

/// Two sinks, two partitions, and everything that happens to a flow. Ends it after `steps` steps of the
/// world; false: it had ended by itself before.
bool ends_after(int steps, const Course& course) {
  World world(2);
  world.params.drain = 3s;
  world.params.reset = course.reset;
  world.group.cooperative = course.cooperative;
  world.group.usual = {0, 40ms, course.applied};
  world.shelves[1].takes = 10ms;
  for (auto& shelf : world.shelves) shelf.looks_again = 500ms;
  const auto everything = [&] {
    std::vector<Partition> all;
    for (const auto& partition : {p0, p1})
      if (!world.group.assigned().contains(partition)) all.push_back(partition);
    world.group.assign(all);
  };

  const std::pair<std::chrono::milliseconds, std::function<void()>> script[] = {
      {0ms,
       [&] {
         world.group.assign({p0, p1});
       }},
      {300ms, [&] { world.group.produce(p0, 5); }},
      {1'400ms,
       [&] {
         world.group.replies = {{16, 20ms, Reply::at_once}, {-185, 20ms, Reply::not_at_all}};
       }},
      {1'500ms, [&] { world.group.produce(p1, 7); }},
      {2'700ms,
       [&] {
         world.shelves[0].next_outcomes = {2, Outcome::failed};
       }},
      {2'800ms, [&] { world.group.produce(p0, 4); }},
      {2'900ms,
       [&] {
         world.group.revoke(course.cooperative ? std::vector{p1} : std::vector{p0, p1});
       }},
      {4'000ms, everything},
      {4'100ms, [&] { world.group.produce(p1, 4); }},
      {4'500ms, [&] { world.group.begin_join(); }},
      {5'500ms,
       [&] {
         world.group.lose({p0, p1});
       }},
      {5'600ms, [&] { world.group.failing_look_ups = 2; }},
      {5'600ms, everything},
      {7'000ms,
       [&] {
         world.group.replies = {{27, 20ms, Reply::not_at_all}};
       }},
      {7'000ms, [&] { world.group.produce(p0, 4); }},
      {9'000ms,
       [&] {
         world.group.revoke({p0, p1});
       }},
      {9'500ms, everything},
      {10'000ms, [&] { world.shelves[1].stuck = true; }},
      {10'000ms, [&] { world.group.produce(p0, 2), world.group.produce(p1, 8); }},
      {10'500ms,
       [&] {
         world.group.revoke(course.cooperative ? std::vector{p0} : std::vector{p0, p1});
       }},
      {14'000ms, [&] { world.shelves[1].stuck = false; }},
      {14'000ms, everything},
      {15'000ms, [&] { world.group.produce(p0, 7); }},
      {15'010ms, [&] { world.flow->stop(); }},
      {30'000ms, [] {}},
  };

  const auto begun = world.clock.now();
  world.group.produce(p0, 8);
  world.group.produce(p1, 1);
  world.live();
  for (const auto& [at, act] : script) {
    while (steps > 0 && !world.done && world.clock.step(world.loop, begun + at)) --steps;
    if (steps == 0 || world.done) break;
    world.run_for(begun + at - world.clock.now());
    act();
  }
  const bool by_itself = world.done;
  if (by_itself) {
    EXPECT_TRUE(world.end && world.end->left_group && !world.end->uncommitted) << course.name;
    world.bury();
  } else {
    world.die();
  }

  // What a new flow finds: the same group, the same log, what is durable in the sinks, and new records.
  world.group.replies.clear();
  world.group.failing_look_ups = 0;
  for (auto& shelf : world.shelves) shelf.stuck = false, shelf.next_outcomes.clear();
  world.group.produce(p0, 2);
  world.group.produce(p1, 2);
  world.live_with({p0, p1});
  world.run_for(3s);
  const auto end = world.stop();
  EXPECT_TRUE(end.left_group && !end.uncommitted && !end.given_up);
  world.expect_no_hole();
  EXPECT_THAT(world.group.committed,
              ElementsAre(Pair(p0, world.group.logs[p0].high), Pair(p1, world.group.logs[p1].high)));
  return !by_itself;
}

TEST_F(FlowFacts, ended_anywhere_it_has_committed_nothing_that_is_not_delivered_and_the_next_loses_nothing) {
  constexpr Course courses[] = {
      {"eager", false, Reply::with_the_answer, delivery::Reset::earliest},
      {"eager, applied though never answered", false, Reply::at_once, delivery::Reset::earliest},
      {"cooperative", true, Reply::with_the_answer, delivery::Reset::earliest},
      {"cooperative, applied though never answered", true, Reply::at_once, delivery::Reset::latest},
  };
  telemetry::set_level(telemetry::Level::error);
  for (const auto& course : courses) {
    int steps = 1;
    while (!HasFailure() && ends_after(steps, course)) ++steps;
    EXPECT_FALSE(HasFailure()) << course.name << ", ended after step " << steps;
    EXPECT_GT(steps, 300) << course.name;
    if (HasFailure()) break;
  }
  telemetry::set_level(telemetry::Level::info);
}

}  // namespace
}  // namespace runnel::flow
