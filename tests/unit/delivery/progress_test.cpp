#include <runnel/delivery/progress.hpp>

#include <gmock/gmock.h>

#include <vector>

namespace runnel::delivery {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

const Partition p0{"t", 0};
const Partition p1{"t", 1};
const Partition p2{"t", 2};

constexpr Progress::time_point noon(12h);
constexpr auto never = Progress::time_point::max();

struct Fixture : testing::Test {
  Progress progress{{.interval = 1s, .bytes = 1000}};

  void owns(const Positions& positions) { progress.assigned(positions, {}, noon); }
  void delivers(const Partition& partition, std::int64_t next, std::size_t bytes = 10) {
    const Reached reached{&partition, next};
    progress.delivered({&reached, 1}, bytes);
  }
  void hands_over(Progress::time_point now) { progress.handed_over(progress.uncommitted(), now); }
  void drops(std::vector<Partition> partitions) { progress.dropped(partitions); }
  bool due(Progress::time_point now) const { return progress.checkpoint_due(now, false); }
};

// before the first record

using ProgressOpening = Fixture;

TEST_F(ProgressOpening, nothing_is_read_and_nothing_is_due_without_an_assignment) {
  EXPECT_FALSE(progress.may_read(noon));
  EXPECT_FALSE(progress.dirty());
  EXPECT_FALSE(progress.checkpoint_due(noon + 1h, true));
  EXPECT_EQ(progress.next_due(noon), never);
}

TEST_F(ProgressOpening, a_position_that_the_group_knows_is_read_at_once) {
  owns({{p0, 7}});
  EXPECT_TRUE(progress.may_read(noon));
  EXPECT_FALSE(progress.dirty());
  EXPECT_THAT(progress.positions(), ElementsAre(Pair(p0, 7)));
}

TEST_F(ProgressOpening, a_position_that_the_group_does_not_know_is_committed_before_anything_is_read) {
  progress.assigned({{p0, 7}, {p1, 3}}, {{p1, 3}}, noon);
  EXPECT_FALSE(progress.may_read(noon));
  EXPECT_TRUE(due(noon));
  EXPECT_THAT(progress.uncommitted(), ElementsAre(Pair(p1, 3)));
  hands_over(noon);
  EXPECT_FALSE(progress.may_read(noon)) << "handed over is not answered";
  progress.committed(noon + 10ms);
  EXPECT_TRUE(progress.may_read(noon + 10ms));
  EXPECT_FALSE(progress.dirty());
}

TEST_F(ProgressOpening, the_positions_of_others_are_committed_too_and_waited_for_but_never_ours) {
  progress.assigned({{p0, 9}}, {{p0, 9}, {p1, 5}}, noon);
  EXPECT_THAT(progress.uncommitted(), ElementsAre(Pair(p0, 9), Pair(p1, 5)));
  EXPECT_THAT(progress.positions(), ElementsAre(Pair(p0, 9)));
  hands_over(noon);
  EXPECT_FALSE(progress.may_read(noon));
  progress.committed(noon);
  EXPECT_TRUE(progress.may_read(noon));
  EXPECT_THAT(progress.uncommitted(), IsEmpty());
}

TEST_F(ProgressOpening, an_opening_commit_that_failed_is_due_again_when_its_wait_is_over) {
  progress.assigned({{p0, 7}}, {{p0, 7}}, noon);
  hands_over(noon);
  progress.failed(noon + 250ms);
  EXPECT_FALSE(progress.may_read(noon));
  EXPECT_FALSE(due(noon + 249ms));
  EXPECT_EQ(progress.next_due(noon), noon + 250ms);
  EXPECT_TRUE(due(noon + 250ms));
}

TEST_F(ProgressOpening, a_second_assignment_holds_the_first_back_until_it_is_open) {
  owns({{p0, 7}});
  progress.assigned({{p1, 0}}, {{p1, 0}}, noon);
  EXPECT_FALSE(progress.may_read(noon));
  hands_over(noon);
  progress.committed(noon);
  EXPECT_TRUE(progress.may_read(noon));
  EXPECT_THAT(progress.positions(), ElementsAre(Pair(p0, 7), Pair(p1, 0)));
}

TEST_F(ProgressOpening, what_was_to_be_said_of_others_is_forgotten_when_nothing_is_ours) {
  progress.assigned({{p0, 9}}, {{p0, 9}, {p1, 5}}, noon);
  drops({p0});
  EXPECT_THAT(progress.uncommitted(), IsEmpty());
  owns({{p2, 1}});
  EXPECT_TRUE(progress.may_read(noon));
}

TEST_F(ProgressOpening, what_was_to_be_said_of_another_is_void_once_that_partition_is_ours) {
  progress.assigned({{p0, 9}}, {{p0, 9}, {p1, 5}}, noon);
  owns({{p1, 8}});  // its former owner has committed 8 meanwhile
  EXPECT_THAT(progress.uncommitted(), ElementsAre(Pair(p0, 9)));
}

// rule 1: committed after delivered

using ProgressCommits = Fixture;

TEST_F(ProgressCommits, a_position_is_uncommitted_once_it_is_delivered_and_until_the_group_knows_it) {
  owns({{p0, 7}, {p1, 3}});
  EXPECT_THAT(progress.uncommitted(), IsEmpty());
  delivers(p0, 12);
  EXPECT_TRUE(progress.dirty());
  EXPECT_THAT(progress.uncommitted(), ElementsAre(Pair(p0, 12))) << "and nothing of what has not moved";
  hands_over(noon);
  EXPECT_TRUE(progress.dirty());
  progress.committed(noon);
  EXPECT_FALSE(progress.dirty());
  EXPECT_THAT(progress.uncommitted(), IsEmpty());
}

TEST_F(ProgressCommits, an_answer_counts_for_what_was_handed_over_and_not_for_what_came_after) {
  owns({{p0, 7}});
  delivers(p0, 12);
  hands_over(noon);
  delivers(p0, 20);
  progress.committed(noon);
  EXPECT_TRUE(progress.dirty());
  EXPECT_THAT(progress.uncommitted(), ElementsAre(Pair(p0, 20)));
}

TEST_F(ProgressCommits, offsets_have_gaps_and_are_taken_as_they_come) {
  owns({{p0, 7}});
  delivers(p0, 1'000'000'007);
  EXPECT_THAT(progress.positions(), ElementsAre(Pair(p0, 1'000'000'007)));
}

TEST_F(ProgressCommits, what_is_not_ours_is_not_committed_however_it_was_delivered) {
  owns({{p0, 7}});
  delivers(p1, 5);
  EXPECT_THAT(progress.uncommitted(), IsEmpty());
  EXPECT_THAT(progress.positions(), ElementsAre(Pair(p0, 7)));
}

TEST_F(ProgressCommits, what_was_dropped_is_not_committed_any_more) {
  owns({{p0, 7}, {p1, 3}});
  delivers(p0, 12);
  delivers(p1, 8);
  drops({p0});
  EXPECT_THAT(progress.uncommitted(), ElementsAre(Pair(p1, 8)));
  EXPECT_THAT(progress.positions(), ElementsAre(Pair(p1, 8)));
  drops({p1});
  EXPECT_FALSE(progress.dirty());
  EXPECT_FALSE(progress.may_read(noon));
}

TEST_F(ProgressCommits, a_failed_commit_leaves_everything_to_be_committed) {
  owns({{p0, 7}});
  delivers(p0, 12);
  hands_over(noon);
  progress.failed(noon + 250ms);
  EXPECT_THAT(progress.uncommitted(), ElementsAre(Pair(p0, 12)));
  EXPECT_FALSE(progress.commit_out());
  EXPECT_EQ(progress.retry_at(), noon + 250ms);
}

TEST_F(ProgressCommits, an_answer_to_nothing_changes_nothing) {
  owns({{p0, 7}});
  delivers(p0, 12);
  progress.committed(noon);
  EXPECT_TRUE(progress.dirty());
}

TEST_F(ProgressCommits, an_answer_that_comes_after_its_partition_went_and_came_back_hides_no_new_delivery) {
  owns({{p0, 7}});
  delivers(p0, 12);
  hands_over(noon);
  drops({p0});
  owns({{p0, 7}});
  progress.committed(noon);
  delivers(p0, 15);
  EXPECT_THAT(progress.uncommitted(), ElementsAre(Pair(p0, 15)));
}

// when to checkpoint

using ProgressCheckpoint = Fixture;

TEST_F(ProgressCheckpoint, is_due_an_interval_after_the_last_one) {
  owns({{p0, 7}});
  delivers(p0, 8);
  const auto first = noon + 667ms;  // the first one a third earlier, out of step with the member's heartbeats
  EXPECT_FALSE(due(first - 1ms));
  EXPECT_EQ(progress.next_due(noon), first);
  EXPECT_TRUE(due(first));
  hands_over(noon + 1500ms);
  progress.committed(noon + 1600ms);
  delivers(p0, 9);
  EXPECT_EQ(progress.next_due(noon + 1600ms), noon + 2500ms);
  EXPECT_FALSE(due(noon + 2499ms));
  EXPECT_TRUE(due(noon + 2500ms));
}

TEST_F(ProgressCheckpoint, is_due_when_enough_bytes_were_delivered) {
  owns({{p0, 7}});
  delivers(p0, 8, 999);
  EXPECT_FALSE(due(noon));
  delivers(p0, 9, 1);
  EXPECT_TRUE(due(noon));
}

TEST_F(ProgressCheckpoint, counts_the_bytes_anew_from_each_hand_over) {
  owns({{p0, 7}});
  delivers(p0, 8, 1000);
  hands_over(noon);
  progress.committed(noon);
  delivers(p0, 9, 999);
  EXPECT_FALSE(due(noon));
  delivers(p0, 10, 1);
  EXPECT_TRUE(due(noon));
}

TEST_F(ProgressCheckpoint, is_due_at_once_when_the_flow_stops) {
  owns({{p0, 7}});
  delivers(p0, 8);
  EXPECT_FALSE(progress.checkpoint_due(noon, false));
  EXPECT_TRUE(progress.checkpoint_due(noon, true));
}

TEST_F(ProgressCheckpoint, is_never_due_without_anything_new) {
  owns({{p0, 7}});
  EXPECT_FALSE(progress.checkpoint_due(noon + 1h, true));
  EXPECT_EQ(progress.next_due(noon + 1h), never);
}

TEST_F(ProgressCheckpoint, is_never_due_while_one_is_out) {
  owns({{p0, 7}});
  delivers(p0, 8, 5000);
  hands_over(noon);
  delivers(p0, 9, 5000);
  EXPECT_FALSE(progress.checkpoint_due(noon + 1h, true));
}

TEST_F(ProgressCheckpoint, is_not_due_before_the_wait_after_a_failure_is_over) {
  owns({{p0, 7}});
  delivers(p0, 8);
  hands_over(noon);
  progress.failed(noon + 5s);
  EXPECT_FALSE(progress.checkpoint_due(noon + 4999ms, true));
  EXPECT_EQ(progress.next_due(noon), noon + 5s);
  EXPECT_TRUE(progress.checkpoint_due(noon + 5s, true));
  EXPECT_TRUE(due(noon + 5s));
}

TEST_F(ProgressCheckpoint, does_not_count_the_time_in_which_nothing_was_owned) {
  owns({{p0, 7}});
  drops({p0});
  progress.assigned({{p0, 7}}, {}, noon + 1h);
  delivers(p0, 8);
  EXPECT_FALSE(due(noon + 1h + 600ms));
  EXPECT_TRUE(due(noon + 1h + 700ms));
}

// an answer that does not come

using ProgressUnanswered = Fixture;

TEST_F(ProgressUnanswered, a_commit_lets_reading_go_on_for_an_interval) {
  owns({{p0, 7}});
  delivers(p0, 8);
  hands_over(noon);
  EXPECT_TRUE(progress.may_read(noon + 999ms));
  EXPECT_EQ(progress.next_due(noon), noon + 1s);
  EXPECT_FALSE(progress.may_read(noon + 1s));
  EXPECT_EQ(progress.next_due(noon + 1s), never) << "only an answer helps";
  progress.committed(noon + 9s);
  EXPECT_TRUE(progress.may_read(noon + 9s));
}

TEST_F(ProgressUnanswered, a_commit_lets_reading_go_on_for_so_many_bytes) {
  owns({{p0, 7}});
  delivers(p0, 8, 5000);
  hands_over(noon);
  delivers(p0, 9, 999);
  EXPECT_TRUE(progress.may_read(noon));
  delivers(p0, 10, 1);
  EXPECT_FALSE(progress.may_read(noon));
  progress.committed(noon);
  EXPECT_TRUE(progress.may_read(noon));
}

TEST_F(ProgressUnanswered, commits_that_fail_one_after_the_other_bound_the_bytes_all_the_same) {
  owns({{p0, 7}});
  delivers(p0, 8);
  auto now = noon;
  std::int64_t next = 8;
  for (int attempt = 0; attempt < 20; ++attempt) {
    hands_over(now);
    progress.failed(now + 250ms);
    if (progress.may_read(now)) delivers(p0, ++next, 300);
    now += 1s;
  }
  EXPECT_EQ(next, 8 + 4) << "the fourth 300 bytes fill the 1000; more may come again for ever";
  hands_over(now);
  progress.committed(now);
  EXPECT_TRUE(progress.may_read(now));
}

// a refusal

using ProgressRefused = Fixture;

TEST_F(ProgressRefused, a_commit_stops_reading_until_the_next_change) {
  owns({{p0, 7}});
  delivers(p0, 8);
  hands_over(noon);
  progress.refused(noon + 10s);
  EXPECT_TRUE(progress.refused());
  EXPECT_FALSE(progress.may_read(noon));
  EXPECT_FALSE(progress.may_read(noon + 1h));
  progress.changed();
  EXPECT_TRUE(progress.may_read(noon));
  EXPECT_THAT(progress.uncommitted(), ElementsAre(Pair(p0, 8))) << "a refusal is no loss";
}

TEST_F(ProgressRefused, a_commit_is_tried_anew_when_no_change_comes) {
  owns({{p0, 7}});
  delivers(p0, 8);
  hands_over(noon);
  progress.refused(noon + 10s);
  EXPECT_FALSE(due(noon + 9999ms));
  EXPECT_EQ(progress.next_due(noon), noon + 10s);
  EXPECT_TRUE(due(noon + 10s));
  hands_over(noon + 10s);
  progress.committed(noon + 10s);
  EXPECT_FALSE(progress.refused());
  EXPECT_TRUE(progress.may_read(noon + 10s));
}

TEST_F(ProgressRefused, a_commit_is_tried_at_once_when_a_change_comes) {
  owns({{p0, 7}});
  delivers(p0, 8);
  hands_over(noon);
  progress.refused(noon + 10s);
  progress.changed();
  EXPECT_LE(progress.retry_at(), noon);
  EXPECT_TRUE(progress.checkpoint_due(noon + 1ms, true));
}

TEST_F(ProgressRefused, a_change_does_not_shorten_the_wait_after_a_failure_that_was_no_refusal) {
  owns({{p0, 7}});
  delivers(p0, 8);
  hands_over(noon);
  progress.failed(noon + 5s);
  progress.changed();
  EXPECT_EQ(progress.retry_at(), noon + 5s);
}

}  // namespace
}  // namespace runnel::delivery
