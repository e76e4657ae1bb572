#include "integration/world.hpp"

#include <algorithm>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace runnel::tests {
namespace {

// What a broker answers, and to what: API keys and error codes of the Kafka protocol.
constexpr short fetch = 1;
constexpr short list_offsets = 2;
constexpr short metadata = 3;
constexpr short offset_commit = 8;
constexpr short offset_fetch = 9;
constexpr short find_coordinator = 10;
constexpr short join_group = 11;
constexpr short heartbeat = 12;
constexpr short sync_group = 14;
const std::vector<int> errors = {
    1,   // OFFSET_OUT_OF_RANGE
    2,   // CORRUPT_MESSAGE
    3,   // UNKNOWN_TOPIC_OR_PARTITION
    5,   // LEADER_NOT_AVAILABLE
    6,   // NOT_LEADER_OR_FOLLOWER
    7,   // REQUEST_TIMED_OUT
    14,  // COORDINATOR_LOAD_IN_PROGRESS
    15,  // COORDINATOR_NOT_AVAILABLE
    16,  // NOT_COORDINATOR
    22,  // ILLEGAL_GENERATION
    25,  // UNKNOWN_MEMBER_ID
    27,  // REBALANCE_IN_PROGRESS
    56,  // KAFKA_STORAGE_ERROR
};

struct Trouble {
  std::string name;
  std::vector<short> requests;
};
void PrintTo(const Trouble& trouble, std::ostream* out) {
  *out << trouble.name;
}

class BrokerInTrouble : public World, public testing::WithParamInterface<Trouble> {
 protected:
  void answer_with_errors() {
    for (const auto request : GetParam().requests)
      for (std::size_t i = 0; i < 1000; ++i) broker.fail_requests(request, errors[i % errors.size()], 1);
  }
  void answer_well() {
    for (const auto request : GetParam().requests) broker.fail_no_more(request);
  }
};

// The bound is one line for each cause, and a few for changes of assignment.
TEST_P(BrokerInTrouble, costs_few_lines_and_no_record) {
  broker.create_topic("t", 4);
  produce("t", 0, 100);
  auto member = join("t");
  until([&] { return member->shelf.records.size() == 100; });
  testing::internal::CaptureStderr();
  answer_with_errors();
  until_passed(5s);
  const auto log = testing::internal::GetCapturedStderr();
  EXPECT_LE(std::ranges::count(log, '\n'), 25) << log;
  EXPECT_FALSE(member->ended());
  answer_well();
  produce("t", 100, 200);
  until([&] { return values(*member, *member).size() == 200; }, 60s);
  stop(*member);
}

INSTANTIATE_TEST_SUITE_P(Log, BrokerInTrouble,
                         testing::Values(Trouble{"fetch", {fetch}}, Trouble{"metadata", {metadata}},
                                         Trouble{"group",
                                                 {heartbeat, join_group, sync_group, find_coordinator}},
                                         Trouble{"commit", {offset_commit}},
                                         Trouble{"begin", {offset_fetch, list_offsets, heartbeat}}),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace runnel::tests
