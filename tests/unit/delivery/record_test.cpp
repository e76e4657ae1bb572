#include <runnel/delivery/record.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace runnel::delivery {
namespace {

const Partition a{"t", 0};
const Partition b{"t", 1};

Record record(const Partition& partition, std::int64_t offset, Bytes key = {}, Bytes value = {}) {
  Record result;
  result.partition = &partition;
  result.offset = offset;
  result.key = key;
  result.value = value;
  return result;
}

TEST(Without, keeps_the_others_in_their_order_and_what_they_stand_on) {
  const auto owner = std::make_shared<int>();
  const std::vector<Record> records = {record(a, 7, {}, "one"), record(b, 1, "key", "two"), record(a, 9),
                                       record(b, 2)};
  const std::vector<Reached> reached = {{&a, 10}, {&b, 3}};
  const auto rest = without({records, reached, 9, owner}, {a});
  ASSERT_EQ(rest.records.size(), 2U);
  EXPECT_EQ(rest.records[0].offset, 1);
  EXPECT_EQ(rest.records[1].offset, 2);
  ASSERT_EQ(rest.reached.size(), 1U);
  EXPECT_EQ(rest.reached[0].next, 3);
  EXPECT_EQ(rest.bytes, 6U);
  EXPECT_EQ(owner.use_count(), 2);
}

TEST(Without, may_leave_nothing) {
  const std::vector<Record> records = {record(a, 0, {}, "one")};
  const std::vector<Reached> reached = {{&a, 1}};
  const auto rest = without({records, reached, 3, nullptr}, {a, b});
  EXPECT_TRUE(rest.records.empty());
  EXPECT_TRUE(rest.reached.empty());
  EXPECT_EQ(rest.bytes, 0U);
}

}  // namespace
}  // namespace runnel::delivery
