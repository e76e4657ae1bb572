#include "sim/oracle.hpp"

#include <gmock/gmock.h>

namespace runnel::sim {
namespace {

using testing::HasSubstr;

std::string lines(std::int32_t partition, std::initializer_list<std::int64_t> offsets, int move = 0) {
  std::string text;
  for (const auto offset : offsets) text += to_text({partition, offset, move}) + '\n';
  return text;
}

std::string what(const Breach& breach) {
  return breach.value_or("");
}

TEST(Texts, tell_which_record_they_are_and_whether_they_are_whole) {
  const Line line{2, 17, 1};
  const auto text = to_text(line);
  EXPECT_EQ(line_in(text), line);
  EXPECT_FALSE(line_in(text.substr(0, text.size() - 1)));
  EXPECT_FALSE(line_in(text.substr(1)));
  EXPECT_FALSE(line_in(text + "x"));
  EXPECT_FALSE(line_in(""));
}

TEST(InOrder, are_whole_lines_and_one_that_is_not_whole_yet) {
  EXPECT_EQ(in_order("f", ""), std::nullopt);
  EXPECT_EQ(in_order("f", lines(0, {1, 2, 4}) + lines(1, {1}) + "0 5"), std::nullopt);
}

TEST(InOrder, is_nothing_torn_doubled_or_behind) {
  EXPECT_THAT(what(in_order("f", lines(0, {1}) + "0 2 0 xx\n" + lines(0, {3}))), HasSubstr("torn"));
  EXPECT_THAT(what(in_order("f", lines(0, {1}) + std::string("\0\0", 2))), HasSubstr("garbage"));
  EXPECT_THAT(what(in_order("f", lines(0, {1, 2, 2}))), HasSubstr("offset 2 stands behind offset 2"));
  EXPECT_THAT(what(in_order("f", lines(0, {3, 2}))), HasSubstr("stands behind"));
}

TEST(InOrder, begins_anew_when_the_operator_has_moved_the_position) {
  EXPECT_EQ(in_order("f", lines(0, {1, 2}) + lines(0, {1}, 1)), std::nullopt);
  EXPECT_THAT(what(in_order("f", lines(0, {1}, 1) + lines(0, {2}, 0))), HasSubstr("stands behind"));
}

TEST(CommittedIsDurable, when_each_record_below_it_is_in_some_file) {
  const std::vector<Stand> stands{{0, 0, 0, 4}, {1, 0, 0, 0}};
  EXPECT_EQ(committed_is_durable(stands, {{"a", lines(0, {0, 1})}, {"b", lines(0, {2, 3, 4})}}),
            std::nullopt);
  EXPECT_THAT(what(committed_is_durable(stands, {{"a", lines(0, {0, 1, 3})}})),
              HasSubstr("offset 2 is committed"));
}

TEST(CommittedIsDurable, counts_no_line_that_is_not_whole_and_none_of_before_a_move) {
  const std::vector<Stand> stands{{0, 1, 2, 4}};
  auto torn = lines(0, {2, 3}, 1);
  EXPECT_EQ(committed_is_durable(stands, {{"a", torn}}), std::nullopt);
  torn.pop_back();
  EXPECT_NE(committed_is_durable(stands, {{"a", torn}}), std::nullopt);
  EXPECT_NE(committed_is_durable(stands, {{"a", lines(0, {2, 3}, 0)}}), std::nullopt);
}

TEST(ExactlyOnce, is_each_record_in_one_file_only) {
  const std::vector<Stand> stands{{0, 0, 0, 3}};
  EXPECT_EQ(exactly_once(stands, {{"a", lines(0, {0, 2})}, {"b", lines(0, {1})}}), std::nullopt);
  EXPECT_THAT(what(exactly_once(stands, {{"a", lines(0, {0, 2})}})), HasSubstr("offset 1 is lost"));
  EXPECT_THAT(what(exactly_once(stands, {{"a", lines(0, {0, 1, 2})}, {"b", lines(0, {1})}})),
              HasSubstr("offset 1 stands 2 times"));
  EXPECT_THAT(what(exactly_once(stands, {{"a", lines(0, {0, 1, 2}) + "0 3"}})), HasSubstr("not whole"));
}

TEST(ExactlyOnce, asks_for_nothing_where_the_log_has_no_record) {
  EXPECT_FALSE(has_record(7));
  EXPECT_EQ(exactly_once({{0, 0, 6, 9}}, {{"a", lines(0, {6, 8})}}), std::nullopt);
}

}  // namespace
}  // namespace runnel::sim
