#include "integration/world.hpp"

namespace runnel::tests {
namespace {

using FlowOnBroker = World;

TEST_F(FlowOnBroker, delivers_every_record_of_a_topic_and_commits) {
  broker.create_topic("t", 3);
  produce("t", 0, 500);
  auto member = join("t");
  until([&] { return member->shelf.records.size() == 500; });
  until([&] { return member->flow->counters().checkpoints >= 2; });
  member->flow->stop();
  until([&] { return member->ended(); });
  ASSERT_TRUE(member->end);
  EXPECT_TRUE(member->end->left_group);
  EXPECT_FALSE(member->end->uncommitted);
  EXPECT_FALSE(member->end->given_up);
  for (const auto& [partition, offsets] : member->shelf.offsets())
    for (std::size_t i = 0; i < offsets.size(); ++i) EXPECT_EQ(offsets[i], static_cast<std::int64_t>(i));
}

}  // namespace
}  // namespace runnel::tests
