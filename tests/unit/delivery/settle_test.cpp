#include "unit/delivery/ledger_facts.hpp"

#include <runnel/delivery/ledger_file.hpp>
#include <runnel/delivery/progress.hpp>
#include <runnel/delivery/settle.hpp>

namespace runnel::delivery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

const Partition p0{"t", 0};
const Partition p1{"t", 1};
const Partition p2{"t", 2};

constexpr std::uint64_t ours = 7;
constexpr std::uint64_t theirs = 8;

// A ledger with an opening (entry 1), announcements (2), and checkpoints from 3 on; what Kafka says; what
// follows.
struct SettleFacts : WithLedger {
  std::vector<Known> known;
  std::vector<Partition> assigned{p0};
  Reset reset = Reset::earliest;

  void a_file_each() {
    adds({{p0, 100, false}, {p1, 200, false}}, {});
    adds({}, {{"f0", 0, {p0}}, {"f1", 0, {p1}}});
    adds({{p0, 110}, {p1, 210}}, {{"f0", 10, {p0}}, {"f1", 10, {p1}}});
    adds({{p0, 120}, {p1, 220}}, {{"f0", 20, {p0}}, {"f1", 20, {p1}}});
  }
  void a_shared_file() {
    adds({{p0, 100, false}, {p1, 200, false}}, {});
    adds({}, {{"f", 0, {p0}}});
    adds({{p0, 110}, {p1, 210}}, {{"f", 20, {p0, p1}}});
    adds({{p1, 220}}, {{"f", 30, {p1}}});
    adds({{p0, 120}, {p1, 230}}, {{"f", 50, {p0, p1}}});
  }
  void kafka_says(const Partition& partition, std::optional<std::int64_t> committed, const Owners& owners) {
    known.push_back({partition, committed, owners.empty() ? "" : to_metadata(owners), 0, 1000});
  }
  Settled settles() { return settle(ledger, reset, assigned, known); }
};

std::vector<std::pair<std::string, std::uint64_t>> lengths(const std::vector<Extent>& extents) {
  std::vector<std::pair<std::string, std::uint64_t>> result;
  for (const auto& extent : extents) result.emplace_back(extent.file, extent.length);
  return result;
}

// rules 4 and 5

TEST_F(SettleFacts, a_file_is_cut_to_the_entry_that_kafka_names_whoever_owns_its_partition) {
  a_file_each();
  kafka_says(p0, 110, {{ours, 3}});
  kafka_says(p1, 500, {{theirs, 9}, {ours, 3}});  // another's by now
  const auto settled = settles();
  EXPECT_THAT(lengths(settled.cuts), ElementsAre(Pair("f0", 10), Pair("f1", 10)));
  EXPECT_THAT(lengths(settled.entry.files), ElementsAre(Pair("f0", 10), Pair("f1", 10)));
  EXPECT_THAT(settled.doubts, IsEmpty());
}

TEST_F(SettleFacts, a_file_whose_last_entry_counts_loses_only_what_is_in_no_entry) {
  a_file_each();
  kafka_says(p0, 120, {{ours, 4}});
  kafka_says(p1, 220, {{ours, 4}});
  const auto settled = settles();
  EXPECT_THAT(lengths(settled.cuts), ElementsAre(Pair("f0", 20), Pair("f1", 20)));
  EXPECT_THAT(settled.entry.files, IsEmpty());
}

TEST_F(SettleFacts, a_file_that_was_announced_after_what_counts_is_removed_and_forgotten) {
  a_file_each();
  kafka_says(p0, 100, {{ours, 1}});
  kafka_says(p1, 210, {{ours, 3}});
  const auto settled = settles();
  EXPECT_THAT(lengths(settled.cuts), ElementsAre(Pair("f0", 0), Pair("f1", 10)));
  EXPECT_THAT(settled.entry.forgotten, ElementsAre("f0"));
}

TEST_F(SettleFacts, what_stood_in_a_file_before_we_came_is_never_cut) {
  adds({{p0, 100, false}}, {});
  adds({}, {{"f", 40, {p0}}});
  adds({{p0, 110}}, {{"f", 50, {p0}}});
  kafka_says(p0, 100, {{ours, 1}});
  EXPECT_THAT(lengths(settles().cuts), ElementsAre(Pair("f", 40)));
}

TEST_F(SettleFacts, reading_begins_at_kafkas_offset_and_never_at_the_ledgers) {
  a_file_each();
  kafka_says(p0, 110, {{ours, 3}});
  kafka_says(p1, 220, {{ours, 4}});
  const auto settled = settles();
  EXPECT_THAT(settled.opening.beginning.read, ElementsAre(Pair(p0, 110)));
  EXPECT_THAT(settled.entry.places, ElementsAre(Place{p0, 110, false}));
}

TEST_F(SettleFacts,
       nothing_is_read_before_the_opening_is_committed_even_if_kafka_names_us_already) {  // rule 1
  a_file_each();
  kafka_says(p0, 110, {{ours, 3}});
  kafka_says(p1, 220, {{ours, 4}});
  const auto settled = settles();
  const Progress::time_point noon(std::chrono::hours(12));
  Progress progress({});
  progress.assigned(settled.opening.beginning.read, settled.opening.beginning.commit, noon);
  EXPECT_FALSE(progress.may_read(noon));
  EXPECT_THAT(progress.uncommitted(), ElementsAre(Pair(p0, 110)));
  progress.handed_over(progress.uncommitted(), noon);
  EXPECT_FALSE(progress.may_read(noon));
  progress.committed(noon);
  EXPECT_TRUE(progress.may_read(noon));
}

TEST_F(SettleFacts, the_former_owners_are_kept_and_we_are_left_out) {
  a_file_each();
  kafka_says(p0, 500, {{theirs, 9}, {ours, 3}, {1, 2}});
  kafka_says(p1, 220, {{ours, 4}});
  EXPECT_THAT(settles().opening.owners, ElementsAre(Pair(p0, ElementsAre(Claim{theirs, 9}, Claim{1, 2}))));
}

TEST_F(SettleFacts, what_is_not_ours_is_put_back_to_where_it_counts) {
  a_file_each();
  kafka_says(p0, 120, {{ours, 4}});
  kafka_says(p1, 500, {{theirs, 9}, {ours, 3}});
  EXPECT_THAT(settles().entry.places, ElementsAre(Place{p0, 120, false}, Place{p1, 210, false}));
}

TEST_F(SettleFacts, settling_twice_is_settling_once) {
  a_file_each();
  kafka_says(p0, 110, {{ours, 3}});
  kafka_says(p1, 500, {{theirs, 9}, {ours, 3}});
  const auto settled = settles();
  ledger.add(settled.entry);  // and the process ends, before anything is committed
  ledger = replay(written_anew(ledger)).ledger;
  const auto again = settles();
  EXPECT_EQ(again.cuts, settled.cuts);
  EXPECT_THAT(again.entry.files, IsEmpty());
  EXPECT_THAT(again.doubts, IsEmpty());
  EXPECT_EQ(again.entry.sequence, settled.entry.sequence + 1);
}

TEST_F(SettleFacts, an_empty_ledger_only_opens) {
  kafka_says(p0, std::nullopt, {});
  const auto settled = settles();
  EXPECT_THAT(settled.cuts, IsEmpty());
  EXPECT_THAT(settled.entry.places, ElementsAre(Place{p0, 0, false}));
  EXPECT_THAT(settled.opening.forgotten, IsEmpty());
}

// rule 11

TEST_F(SettleFacts, without_metadata_the_operator_is_followed_and_the_files_are_kept) {
  a_file_each();
  ledger.answered(3);
  kafka_says(p0, 30, {});
  kafka_says(p1, 220, {{ours, 4}});
  const auto settled = settles();
  EXPECT_THAT(settled.opening.beginning.read, ElementsAre(Pair(p0, 30)));
  EXPECT_THAT(lengths(settled.cuts), ElementsAre(Pair("f0", 20), Pair("f1", 20)));
  EXPECT_THAT(settled.doubts, ElementsAre(Doubt{p0, 110, 120}));
}

TEST_F(SettleFacts, our_ledger_not_in_the_list_is_the_same) {
  a_file_each();
  kafka_says(p0, 300, {{theirs, 1}});
  kafka_says(p1, 220, {{ours, 4}});
  const auto settled = settles();
  EXPECT_THAT(lengths(settled.cuts), ElementsAre(Pair("f0", 20), Pair("f1", 20)));
  EXPECT_THAT(settled.doubts, ElementsAre(Doubt{p0, 100, 120}));
}

TEST_F(SettleFacts, what_another_program_wrote_as_metadata_is_none) {
  a_file_each();
  ledger.answered(3);
  known.push_back({p0, 110, "moved by hand", 0, 1000});
  kafka_says(p1, 220, {{ours, 4}});
  EXPECT_THAT(settles().doubts, ElementsAre(Doubt{p0, 110, 120}));
}

TEST_F(SettleFacts, without_anything_in_doubt_there_is_nothing_to_say) {
  a_file_each();
  ledger.answered(4);
  kafka_says(p0, 30, {});
  kafka_says(p1, 300, {{theirs, 1}});
  const auto settled = settles();
  EXPECT_THAT(settled.doubts, IsEmpty());
  EXPECT_THAT(lengths(settled.cuts), ElementsAre(Pair("f0", 20), Pair("f1", 20)));
}

TEST_F(SettleFacts, a_partition_that_was_only_opened_has_nothing_in_doubt) {  // rule 12
  adds({{p0, 100, false}}, {{"f", 0, {p0}}});
  kafka_says(p0, std::nullopt, {});
  const auto settled = settles();
  EXPECT_THAT(settled.doubts, IsEmpty());
  EXPECT_THAT(settled.opening.beginning.read, ElementsAre(Pair(p0, 0)));
  EXPECT_THAT(settled.opening.forgotten, IsEmpty()) << "and its position says nothing";
  EXPECT_THAT(lengths(settled.cuts), ElementsAre(Pair("f", 0)));
  ledger.add(settled.entry);
  EXPECT_EQ(ledger.position(p0), std::nullopt);
}

// a file that several partitions write

TEST_F(SettleFacts, a_shared_file_is_cut_to_the_newest_entry_that_counts_for_any_of_them) {
  a_shared_file();
  kafka_says(p0, 110, {{ours, 3}});
  kafka_says(p1, 220, {{ours, 4}});
  const auto settled = settles();
  EXPECT_THAT(lengths(settled.cuts), ElementsAre(Pair("f", 30)));
  EXPECT_THAT(settled.doubts, IsEmpty()) << "that p0 did not change with entry 4 is no doubt";
}

TEST_F(SettleFacts, a_shared_file_is_told_by_the_others_when_one_has_nothing_in_doubt) {
  a_shared_file();
  adds({{p2, 0, false}}, {{"f", 50, {p2}}});
  kafka_says(p0, 110, {{ours, 3}});
  kafka_says(p1, 210, {{ours, 3}});
  kafka_says(p2, 30, {});
  EXPECT_THAT(lengths(settles().cuts), ElementsAre(Pair("f", 20)));
}

TEST_F(SettleFacts, a_shared_file_that_is_kept_for_one_partition_may_double_the_others_and_says_so) {
  a_shared_file();
  ledger.answered(3);
  kafka_says(p0, 5, {});  // an operator moved it
  kafka_says(p1, 210, {{ours, 3}});
  const auto settled = settles();
  EXPECT_THAT(lengths(settled.cuts), ElementsAre(Pair("f", 50)));
  EXPECT_THAT(settled.doubts, ElementsAre(Doubt{p0, 110, 120}, Doubt{p1, 210, 230}));
}

TEST_F(SettleFacts, a_commit_that_was_applied_in_part_doubles_in_a_shared_file_and_says_so) {
  a_shared_file();
  kafka_says(p0, 120, {{ours, 5}});
  kafka_says(p1, 220, {{ours, 4}});
  const auto settled = settles();
  EXPECT_THAT(lengths(settled.cuts), ElementsAre(Pair("f", 50)));
  EXPECT_THAT(settled.doubts, ElementsAre(Doubt{p1, 220, 230}));
}

// no committed offset

TEST_F(SettleFacts, a_group_without_a_position_goes_on_at_the_ledgers_if_the_log_holds_it) {
  a_file_each();
  for (const auto each : {Reset::earliest, Reset::latest, Reset::error}) {
    reset = each;
    known = {{p0, std::nullopt, "", 50, 120}, {p1, 220, to_metadata({{ours, 4}}), 0, 1000}};
    const auto settled = settles();
    EXPECT_THAT(settled.opening.beginning.read, ElementsAre(Pair(p0, 120)));
    EXPECT_EQ(settled.opening.beginning.commit.at(p0), 120);
    EXPECT_THAT(settled.opening.beginning.refused, IsEmpty());
    EXPECT_THAT(settled.opening.forgotten, ElementsAre(Forgotten{p0, 120, 120}));
  }
}

TEST_F(SettleFacts, a_group_without_a_position_begins_as_a_new_one_if_the_log_does_not_hold_the_ledgers) {
  a_file_each();
  known = {{p0, std::nullopt, "", 5, 119}, {p1, 220, to_metadata({{ours, 4}}), 0, 1000}};
  const auto settled = settles();
  EXPECT_THAT(settled.opening.beginning.read, ElementsAre(Pair(p0, 5)));
  EXPECT_THAT(settled.opening.forgotten, ElementsAre(Forgotten{p0, 120, 5}));
  reset = Reset::error;
  EXPECT_THAT(settles().opening.beginning.refused, ElementsAre(p0));
  EXPECT_THAT(settles().opening.forgotten, IsEmpty());
}

TEST_F(SettleFacts, latest_still_fixes_the_end_of_what_others_own) {
  reset = Reset::latest;
  kafka_says(p0, std::nullopt, {});
  kafka_says(p1, std::nullopt, {});
  const auto settled = settles();
  EXPECT_THAT(settled.opening.beginning.commit, ElementsAre(Pair(p0, 1000), Pair(p1, 1000)));
  EXPECT_THAT(settled.entry.places, ElementsAre(Place{p0, 1000, false}));
}

TEST_F(SettleFacts, what_retention_took_is_a_gap_and_the_files_are_cut_all_the_same) {
  a_file_each();
  known = {{p0, 110, to_metadata({{ours, 3}}), 300, 400}, {p1, 220, to_metadata({{ours, 4}}), 0, 1000}};
  const auto settled = settles();
  EXPECT_EQ(settled.opening.beginning.gaps.size(), 1u);
  EXPECT_THAT(settled.entry.places, ElementsAre(Place{p0, 300, false}));
  EXPECT_THAT(lengths(settled.cuts), ElementsAre(Pair("f0", 10), Pair("f1", 20)));
}

// what should not be

TEST_F(SettleFacts, a_ledger_that_lacks_committed_entries_cuts_nothing_and_goes_on_behind_them) {
  a_file_each();
  kafka_says(p0, 190, {{ours, 9}});  // the state directory is an old copy
  kafka_says(p1, 210, {{ours, 3}});
  const auto settled = settles();
  EXPECT_THAT(lengths(settled.cuts), ElementsAre(Pair("f1", 10)));
  EXPECT_THAT(settled.behind, ElementsAre(p0));
  EXPECT_THAT(settled.entry.forgotten, ElementsAre("f0")) << "to be announced with its real length";
  EXPECT_EQ(settled.entry.sequence, 10u);
  EXPECT_EQ(settled.entry.after, 4u);
  ledger.add(settled.entry);
  EXPECT_EQ(replay(written_anew(ledger)).ledger.next().sequence, 11u);
}

TEST_F(SettleFacts, an_offset_of_long_ago_makes_records_come_twice_and_says_so) {
  a_file_each();
  ledger.answered(4);
  ledger = replay(written_anew(ledger)).ledger;
  kafka_says(p0, 110, {{ours, 3}});  // Kafka was restored from a copy
  kafka_says(p1, 220, {{ours, 4}});
  const auto settled = settles();
  EXPECT_THAT(lengths(settled.cuts), ElementsAre(Pair("f0", 20), Pair("f1", 20)));
  EXPECT_THAT(settled.doubts, ElementsAre(Doubt{p0, 110, 120}));
}

TEST_F(SettleFacts, a_deleted_topic_is_dropped_and_its_files_are_kept) {
  a_file_each();
  ledger.answered(3);
  kafka_says(p0, 120, {{ours, 4}});
  const auto settled = settles();
  EXPECT_THAT(settled.gone, ElementsAre(p1));
  EXPECT_THAT(lengths(settled.cuts), ElementsAre(Pair("f0", 20), Pair("f1", 20)));
  EXPECT_THAT(settled.doubts, ElementsAre(Doubt{p1, 210, 220}));
  EXPECT_THAT(settled.entry.forgotten, ElementsAre("f1"));
  ledger.add(settled.entry);
  EXPECT_FALSE(ledger.partitions().contains(p1));
}

// rule 6

TEST_F(SettleFacts, what_is_assigned_while_all_is_settled_is_only_opened) {
  a_file_each();
  kafka_says(p2, 30, {{theirs, 4}});
  assigned = {p2};
  const auto opening = open(ledger, reset, assigned, known);
  EXPECT_THAT(opening.beginning.read, ElementsAre(Pair(p2, 30)));
  EXPECT_THAT(opening.beginning.commit, ElementsAre(Pair(p2, 30)));
  EXPECT_THAT(opening.places, ElementsAre(Place{p2, 30, false}));
  EXPECT_THAT(opening.owners, ElementsAre(Pair(p2, ElementsAre(Claim{theirs, 4}))));
}

}  // namespace
}  // namespace runnel::delivery
