#include <runnel/delivery/commit_rules.hpp>

#include <algorithm>
#include <iterator>

namespace runnel::delivery {
namespace {

struct Rule {
  int code;
  AfterCommit after;
};

// Codes: https://kafka.apache.org/protocol#protocol_error_codes and enum rd_kafka_resp_err_t of rdkafka.h.
// What is not here is tried again: a commit that is tried once too often does no harm.
constexpr Rule rules[] = {
    {0, AfterCommit::go_on},
    {-168, AfterCommit::go_on},            // _NO_OFFSET: nothing to commit
    {-152, AfterCommit::anew},             // _PURGE_QUEUE: it was held back, and more was assigned meanwhile
    {3, AfterCommit::go_on},               // UNKNOWN_TOPIC_OR_PART: deleted, and its position with it
    {22, AfterCommit::wait_for_change},    // ILLEGAL_GENERATION: the group has moved on
    {25, AfterCommit::wait_for_change},    // UNKNOWN_MEMBER_ID: expelled, a new join is coming
    {27, AfterCommit::wait_for_change},    // REBALANCE_IN_PROGRESS: a join is coming
    {82, AfterCommit::wait_for_change},    // FENCED_INSTANCE_ID: another member has our group.instance.id
    {110, AfterCommit::wait_for_change},   // FENCED_MEMBER_EPOCH (KIP-848)
    {113, AfterCommit::wait_for_change},   // STALE_MEMBER_EPOCH (KIP-848)
    {-142, AfterCommit::wait_for_change},  // _ASSIGNMENT_LOST
    {12, AfterCommit::stop},               // OFFSET_METADATA_TOO_LARGE
    {24, AfterCommit::stop},               // INVALID_GROUP_ID
    {28, AfterCommit::stop},               // INVALID_COMMIT_OFFSET_SIZE
    {29, AfterCommit::stop},               // TOPIC_AUTHORIZATION_FAILED
    {30, AfterCommit::stop},               // GROUP_AUTHORIZATION_FAILED
    {31, AfterCommit::stop},               // CLUSTER_AUTHORIZATION_FAILED
    {-150, AfterCommit::stop},             // _FATAL
};

}  // namespace

AfterCommit after_commit(int code) {
  const auto* rule = std::ranges::find(rules, code, &Rule::code);
  return rule == std::end(rules) ? AfterCommit::again : rule->after;
}

}  // namespace runnel::delivery
