#include <runnel/delivery/commit_rules.hpp>

#include <gmock/gmock.h>

namespace runnel::delivery {
namespace {

struct Expected {
  int code;
  const char* name;
  AfterCommit after;
};

// What each answer means, from the protocol's own table of error codes; the negative ones are librdkafka's.
constexpr Expected answers[] = {
    {0, "NONE", AfterCommit::go_on},
    {-168, "_NO_OFFSET", AfterCommit::go_on},
    {3, "UNKNOWN_TOPIC_OR_PARTITION", AfterCommit::go_on},
    // Nobody knows whether it was applied.
    {7, "REQUEST_TIMED_OUT", AfterCommit::again},
    {14, "COORDINATOR_LOAD_IN_PROGRESS", AfterCommit::again},
    {15, "COORDINATOR_NOT_AVAILABLE", AfterCommit::again},
    {16, "NOT_COORDINATOR", AfterCommit::again},
    {-195, "_TRANSPORT", AfterCommit::again},
    {-185, "_TIMED_OUT", AfterCommit::again},
    {-180, "_WAIT_COORD", AfterCommit::again},
    // The group has moved on; that is no loss, and a loss need not be announced.
    {22, "ILLEGAL_GENERATION", AfterCommit::wait_for_change},
    {25, "UNKNOWN_MEMBER_ID", AfterCommit::wait_for_change},
    {27, "REBALANCE_IN_PROGRESS", AfterCommit::wait_for_change},
    {82, "FENCED_INSTANCE_ID", AfterCommit::wait_for_change},
    {110, "FENCED_MEMBER_EPOCH", AfterCommit::wait_for_change},
    {113, "STALE_MEMBER_EPOCH", AfterCommit::wait_for_change},
    {-142, "_ASSIGNMENT_LOST", AfterCommit::wait_for_change},
    {-152, "_PURGE_QUEUE", AfterCommit::anew},
    // An operator has to do something.
    {12, "OFFSET_METADATA_TOO_LARGE", AfterCommit::stop},
    {24, "INVALID_GROUP_ID", AfterCommit::stop},
    {28, "INVALID_COMMIT_OFFSET_SIZE", AfterCommit::stop},
    {29, "TOPIC_AUTHORIZATION_FAILED", AfterCommit::stop},
    {30, "GROUP_AUTHORIZATION_FAILED", AfterCommit::stop},
    {31, "CLUSTER_AUTHORIZATION_FAILED", AfterCommit::stop},
    {-150, "_FATAL", AfterCommit::stop},
};

TEST(CommitRules, each_answer_asks_for_one_thing) {
  for (const auto& [code, name, after] : answers) EXPECT_EQ(after_commit(code), after) << name;
}

TEST(CommitRules, an_answer_that_nobody_knows_is_never_taken_for_a_commit) {
  for (const int code : {-1, 1, 999, -9999}) EXPECT_EQ(after_commit(code), AfterCommit::again) << code;
}

}  // namespace
}  // namespace runnel::delivery
