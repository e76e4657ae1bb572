#include <runnel/delivery/begin.hpp>

#include <gmock/gmock.h>

#include <vector>

namespace runnel::delivery {

bool operator==(const Gap& a, const Gap& b) {
  return a.partition == b.partition && a.wanted == b.wanted && a.begin == b.begin;
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

const Partition p0{"t", 0};
const Partition p1{"t", 1};
const Partition p2{"t", 2};
const Partition other{"u", 0};

Known fresh(const Partition& partition, std::int64_t low, std::int64_t high) {
  return {partition, std::nullopt, "", low, high};
}
Known at(const Partition& partition, std::int64_t committed, std::int64_t low, std::int64_t high) {
  return {partition, committed, "", low, high};
}

Beginning begins(Reset reset, std::vector<Partition> assigned, std::vector<Known> known) {
  return begin(reset, assigned, known);
}

// one partition, each reset: what is read, what the group must learn first

struct One {
  const char* fact;
  Reset reset;
  std::optional<std::int64_t> committed;
  std::int64_t low, high;
  std::optional<std::int64_t> read, commit;
  std::optional<std::int64_t> gap_to;
};

constexpr auto none = std::nullopt;
constexpr One ones[] = {
    {"a committed position in the log is where reading goes on", Reset::earliest, 7, 3, 9, 7, none, none},
    {"so it is with latest", Reset::latest, 7, 3, 9, 7, none, none},
    {"and with error", Reset::error, 7, 3, 9, 7, none, none},
    {"the log's oldest offset is in the log", Reset::earliest, 3, 3, 9, 3, none, none},
    {"and so is its end: the next record to come", Reset::earliest, 9, 3, 9, 9, none, none},
    {"offset 0 is a position like any other", Reset::latest, 0, 0, 5, 0, none, none},

    {"earliest: a group without a position begins at the oldest record", Reset::earliest, none, 3, 9, 3, 3,
     none},
    {"latest: a group without a position begins at the end", Reset::latest, none, 3, 9, 9, 9, none},
    {"an empty log's end is its beginning", Reset::latest, none, 0, 0, 0, 0, none},

    {"retention: goes on at the first record left", Reset::earliest, 2, 5, 9, 5, 5, 5},
    {"retention with latest: none of what is left is passed over", Reset::latest, 2, 5, 9, 5, 5, 5},
    {"retention with error: delivery goes on", Reset::error, 2, 5, 9, 5, 5, 5},
    {"made anew: its records are other ones, all of them wanted", Reset::earliest, 12, 0, 9, 0, 0, 0},
    {"made anew with error: the same", Reset::error, 12, 0, 9, 0, 0, 0},
    {"made anew with latest: from its end", Reset::latest, 12, 0, 9, 9, 9, 9},
};

TEST(Begin, one_partition) {
  for (const auto& one : ones) {
    SCOPED_TRACE(one.fact);
    const auto result = begins(one.reset, {p0}, {{p0, one.committed, "", one.low, one.high}});
    EXPECT_THAT(result.refused, IsEmpty());
    EXPECT_THAT(result.read, one.read ? Positions({{p0, *one.read}}) : Positions());
    EXPECT_THAT(result.commit, one.commit ? Positions({{p0, *one.commit}}) : Positions());
    if (one.gap_to)
      EXPECT_THAT(result.gaps, ElementsAre(Gap{p0, *one.committed, *one.gap_to}));
    else
      EXPECT_THAT(result.gaps, IsEmpty());
  }
}

TEST(Begin, error_refuses_what_has_no_position_and_names_it) {
  const auto result = begins(Reset::error, {p0, p1}, {at(p0, 7, 3, 9), fresh(p1, 0, 4)});
  EXPECT_THAT(result.refused, ElementsAre(p1));
}

TEST(Begin, error_does_not_look_at_what_others_own) {
  const auto result = begins(Reset::error, {p0}, {at(p0, 7, 3, 9), fresh(p1, 0, 4)});
  EXPECT_THAT(result.refused, IsEmpty());
}

// latest and the partitions of others

TEST(Begin, latest_of_a_new_group_fixes_the_end_of_every_partition_but_reads_its_own) {
  const auto result = begins(Reset::latest, {p0}, {fresh(p0, 0, 9), fresh(p1, 0, 5)});
  EXPECT_THAT(result.read, ElementsAre(Pair(p0, 9)));
  EXPECT_THAT(result.commit, ElementsAre(Pair(p0, 9), Pair(p1, 5)));
}

TEST(Begin, a_partition_that_appears_later_is_read_from_its_beginning_with_latest_too) {
  const auto result = begins(Reset::latest, {p0, p2}, {at(p0, 9, 0, 20), at(p1, 5, 0, 5), fresh(p2, 0, 50)});
  EXPECT_THAT(result.read, ElementsAre(Pair(p0, 9), Pair(p2, 0)));
  EXPECT_THAT(result.commit, ElementsAre(Pair(p2, 0)));
}

TEST(Begin, a_new_partition_is_known_by_the_position_of_a_sibling_that_another_member_owns) {
  const auto result = begins(Reset::latest, {p2}, {at(p0, 9, 0, 20), fresh(p2, 0, 50)});
  EXPECT_THAT(result.read, ElementsAre(Pair(p2, 0)));
}

TEST(Begin, a_new_partition_of_another_member_is_that_members_business) {
  const auto result = begins(Reset::latest, {p0}, {at(p0, 9, 0, 20), fresh(p2, 0, 50)});
  EXPECT_THAT(result.read, ElementsAre(Pair(p0, 9)));
  EXPECT_THAT(result.commit, IsEmpty());
}

TEST(Begin, a_position_in_one_topic_says_nothing_of_another) {
  const auto result = begins(Reset::latest, {p0, other}, {at(p0, 9, 0, 20), fresh(other, 0, 50)});
  EXPECT_THAT(result.read, ElementsAre(Pair(p0, 9), Pair(other, 50)));
  EXPECT_THAT(result.commit, ElementsAre(Pair(other, 50)));
}

TEST(Begin, a_position_that_the_log_no_longer_holds_is_a_position_all_the_same) {
  const auto result = begins(Reset::latest, {p0, p1}, {at(p0, 2, 5, 9), fresh(p1, 0, 4)});
  EXPECT_THAT(result.read, ElementsAre(Pair(p0, 5), Pair(p1, 0)));
}

TEST(Begin, what_others_have_committed_is_left_alone) {
  const auto result = begins(Reset::earliest, {p0}, {fresh(p0, 1, 9), at(p1, 2, 5, 9)});
  EXPECT_THAT(result.read, ElementsAre(Pair(p0, 1)));
  EXPECT_THAT(result.commit, ElementsAre(Pair(p0, 1)));
  EXPECT_THAT(result.gaps, IsEmpty());
}

TEST(Begin, earliest_fixes_nothing_for_others) {
  const auto result = begins(Reset::earliest, {p0}, {fresh(p0, 1, 9), fresh(p1, 2, 9)});
  EXPECT_THAT(result.commit, ElementsAre(Pair(p0, 1)));
}

}  // namespace
}  // namespace runnel::delivery
