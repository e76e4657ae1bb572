#include <runnel/delivery/settlement.hpp>

#include <gmock/gmock.h>

namespace runnel::delivery {
namespace {

struct SettlementFacts : testing::Test {
  Settlement settlement;

  SettlementFacts() { settlement.settled(); }
  void commits(AfterCommit answer) {
    settlement.handed_over();
    settlement.answered(answer);
  }
};

TEST_F(SettlementFacts, a_start_is_unsettled) {
  EXPECT_TRUE(Settlement().must_settle());
  EXPECT_FALSE(Settlement().may_write());
  EXPECT_TRUE(settlement.may_write());
}

TEST_F(SettlementFacts, after_a_clean_revoke_there_is_nothing_to_do) {  // rule 7
  commits(AfterCommit::go_on);
  settlement.gave_up(true);
  EXPECT_FALSE(settlement.must_settle());
}

TEST_F(SettlementFacts, a_revoke_with_something_uncommitted_must_be_settled) {  // rule 7
  settlement.gave_up(false);
  EXPECT_TRUE(settlement.must_settle());
  EXPECT_FALSE(settlement.may_write());
}

TEST_F(SettlementFacts, a_revoke_before_the_answer_must_be_settled) {  // rule 7
  settlement.handed_over();
  settlement.gave_up(true);
  EXPECT_TRUE(settlement.must_settle());
}

TEST_F(SettlementFacts, a_loss_must_be_settled) {  // rule 8
  settlement.lost();
  EXPECT_TRUE(settlement.must_settle());
}

TEST_F(SettlementFacts, a_loss_is_not_answered_before_every_commit_is) {  // rule 8
  settlement.handed_over();
  settlement.lost();
  EXPECT_FALSE(settlement.may_rejoin());
  settlement.answered(AfterCommit::wait_for_change);
  EXPECT_TRUE(settlement.may_rejoin());
}

TEST_F(SettlementFacts, a_late_ok_does_not_undo_a_loss) {  // rule 8
  settlement.handed_over();
  settlement.lost();
  settlement.answered(AfterCommit::go_on);
  EXPECT_TRUE(settlement.must_settle());
}

TEST_F(SettlementFacts, a_refused_commit_stops_writing_until_it_is_settled) {  // rule 8
  commits(AfterCommit::wait_for_change);
  EXPECT_FALSE(settlement.may_write());
  EXPECT_FALSE(settlement.same_again());
  settlement.gave_up(true);
  EXPECT_FALSE(settlement.was_refused());
  commits(AfterCommit::go_on);
  EXPECT_TRUE(settlement.must_settle()) << "not even a later ok makes up for it";
}

TEST_F(SettlementFacts, a_refused_commit_that_counts_when_it_is_sent_again_makes_up_for_it) {
  commits(AfterCommit::wait_for_change);
  EXPECT_TRUE(settlement.was_refused());
  commits(AfterCommit::wait_for_change);
  EXPECT_FALSE(settlement.may_write());
  commits(AfterCommit::go_on);
  EXPECT_TRUE(settlement.may_write());
}

TEST_F(SettlementFacts, a_refused_commit_behind_one_without_an_answer_must_be_settled) {  // rules 8 and 9
  commits(AfterCommit::again);
  commits(AfterCommit::wait_for_change);
  EXPECT_FALSE(settlement.was_refused());
  EXPECT_TRUE(settlement.must_settle());
}

TEST_F(SettlementFacts, without_an_answer_the_same_commit_goes_out_again_and_writing_goes_on) {  // rule 9
  commits(AfterCommit::again);
  EXPECT_TRUE(settlement.same_again());
  EXPECT_TRUE(settlement.may_write());
  commits(AfterCommit::go_on);
  EXPECT_FALSE(settlement.same_again());
}

TEST_F(SettlementFacts, after_an_assignment_a_new_commit_goes_out_and_not_the_same_again) {  // rule 9
  commits(AfterCommit::again);
  settlement.assigned();
  EXPECT_FALSE(settlement.same_again());
  EXPECT_TRUE(settlement.may_write());
  commits(AfterCommit::go_on);
  settlement.gave_up(true);
  EXPECT_TRUE(settlement.must_settle()) << "there was one without an answer all the same";
}

TEST_F(SettlementFacts, a_commit_that_was_never_sent_leaves_nothing_in_doubt) {
  commits(AfterCommit::anew);
  EXPECT_FALSE(settlement.same_again());
  EXPECT_TRUE(settlement.may_write());
  settlement.gave_up(true);
  EXPECT_FALSE(settlement.must_settle());
}

TEST_F(SettlementFacts, what_must_be_settled_is_not_sent_again) {  // rule 8
  commits(AfterCommit::again);
  settlement.gave_up(true);
  EXPECT_TRUE(settlement.must_settle());
  EXPECT_FALSE(settlement.same_again());
}

TEST_F(SettlementFacts, once_a_commit_had_no_answer_no_revoke_is_clean_until_the_next_settling) {  // rule 9
  commits(AfterCommit::again);
  commits(AfterCommit::go_on);
  commits(AfterCommit::go_on);
  settlement.gave_up(true);
  EXPECT_TRUE(settlement.must_settle());
  settlement.settled();
  commits(AfterCommit::go_on);
  settlement.gave_up(true);
  EXPECT_FALSE(settlement.must_settle());
}

TEST_F(SettlementFacts, a_doubt_stops_writing_and_may_be_settled_here) {
  settlement.doubted();
  EXPECT_FALSE(settlement.may_write());
  EXPECT_TRUE(settlement.must_settle());
  EXPECT_TRUE(settlement.may_settle_here());
  settlement.settled_here();
  EXPECT_TRUE(settlement.may_write());
  EXPECT_FALSE(settlement.may_settle_here());
}

TEST_F(SettlementFacts, a_doubt_waits_for_the_answer_that_is_out) {
  settlement.handed_over();
  settlement.doubted();
  EXPECT_FALSE(settlement.may_settle_here());
  settlement.answered(AfterCommit::go_on);
  EXPECT_TRUE(settlement.may_settle_here());
}

TEST_F(SettlementFacts, in_doubt_a_commit_without_an_answer_is_sent_again) {  // rule 9
  settlement.doubted();
  commits(AfterCommit::again);
  EXPECT_TRUE(settlement.same_again());
  EXPECT_FALSE(settlement.may_settle_here());
  commits(AfterCommit::go_on);
  EXPECT_TRUE(settlement.may_settle_here());
  settlement.settled_here();
  settlement.gave_up(true);
  EXPECT_TRUE(settlement.must_settle()) << "no generation has fenced the first one";
}

TEST_F(SettlementFacts, in_doubt_only_a_new_generation_ends_a_commit_without_an_answer) {  // rule 9
  settlement.doubted();
  commits(AfterCommit::again);
  settlement.assigned(true);
  EXPECT_TRUE(settlement.same_again());
  EXPECT_FALSE(settlement.may_settle_here());
  settlement.assigned(false);
  EXPECT_FALSE(settlement.same_again());
}

TEST_F(SettlementFacts, a_doubt_outlives_a_refusal_that_is_made_up_for) {  // rule 8
  settlement.doubted();
  commits(AfterCommit::wait_for_change);
  EXPECT_FALSE(settlement.may_settle_here());
  commits(AfterCommit::go_on);
  EXPECT_TRUE(settlement.must_settle());
  EXPECT_TRUE(settlement.may_settle_here());
}

TEST_F(SettlementFacts, a_doubt_outlives_a_revoke_and_ends_with_the_next_settling) {
  settlement.doubted();
  settlement.gave_up(true);
  EXPECT_TRUE(settlement.must_settle());
  settlement.lost();
  EXPECT_FALSE(settlement.may_settle_here());
  settlement.settled();
  EXPECT_TRUE(settlement.may_write());
}

}  // namespace
}  // namespace runnel::delivery
