#include "unit/delivery/ledger_facts.hpp"

#include <chrono>

namespace runnel::delivery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Partition p0{"t", 0};
const Partition p1{"t", 1};

struct LedgerFacts : WithLedger {
  std::uint64_t grows(const std::string& file, std::uint64_t length, std::int64_t position) {
    return adds({{p0, position}}, {{file, length, {p0}}});
  }
  std::uint64_t length(const std::string& file, std::uint64_t entry) const {
    return at(ledger.files().at(file).lengths, entry).length;
  }
  std::size_t lengths(const std::string& file) const { return ledger.files().at(file).lengths.size(); }
};

TEST_F(LedgerFacts, each_entry_names_the_one_before) {
  EXPECT_EQ(ledger.next().sequence, 1u);
  EXPECT_EQ(ledger.next().after, 0u);
  adds({{p0, 0, false}}, {});
  EXPECT_EQ(ledger.next().sequence, 2u);
  EXPECT_EQ(ledger.next().after, 1u);
}

TEST_F(LedgerFacts, a_file_is_as_long_as_at_the_newest_entry_that_is_not_after_the_one_that_counts) {
  adds({{p0, 0, false}}, {{"f", 0, {p0}}});
  grows("f", 100, 5);
  adds({{p1, 0, false}}, {});
  EXPECT_EQ(length("f", 1), 0u);
  EXPECT_EQ(length("f", 2), 100u);
  EXPECT_EQ(length("f", 3), 100u) << "an entry that does not name it changes nothing";
}

TEST_F(LedgerFacts, a_file_that_is_newer_than_what_counts_is_as_long_as_it_was_announced) {
  adds({{p0, 0, false}}, {});
  adds({}, {{"new", 0, {p0}}, {"found", 40, {p0}}});
  adds({{p0, 5}}, {{"new", 100, {p0}}, {"found", 140, {p0}}});
  EXPECT_EQ(length("new", 1), 0u);
  EXPECT_EQ(length("found", 1), 40u) << "what stood in it before was not ours";
}

// rule 10

TEST_F(LedgerFacts, the_newest_decided_entry_and_all_later_ones_are_kept) {
  grows("f", 10, 1);
  grows("f", 20, 2);
  ledger.answered(2);
  grows("f", 30, 3);
  grows("f", 40, 4);
  EXPECT_EQ(lengths("f"), 3u);
  EXPECT_EQ(length("f", 2), 20u);
  EXPECT_EQ(length("f", 3), 30u);
  EXPECT_EQ(length("f", 4), 40u);
}

TEST_F(LedgerFacts, what_was_never_answered_is_all_kept) {
  for (int i = 1; i <= 9; ++i) grows("f", i, i);
  EXPECT_EQ(lengths("f"), 9u);
}

TEST_F(LedgerFacts, a_file_that_does_not_change_keeps_its_length_however_much_is_decided) {
  grows("still", 10, 1);
  for (int i = 2; i <= 9; ++i) ledger.answered(grows("f", i, i));
  EXPECT_EQ(length("still", 9), 10u);
  EXPECT_EQ(length("still", 5), 10u);
}

// rule 9

TEST_F(LedgerFacts, a_commit_without_an_answer_may_still_set_kafka_back_to_its_entry) {
  ledger.answered(grows("f", 10, 1));
  const auto late = grows("f", 20, 2);
  ledger.unanswered(late);
  ledger.answered(late);
  for (int i = 3; i <= 9; ++i) ledger.answered(grows("f", 10 * i, i));
  EXPECT_EQ(length("f", late), 20u);
  EXPECT_LE(lengths("f"), 4u) << "but of the entries between nothing is needed";
  EXPECT_EQ(ledger.next().decided, 1u) << "a restart would know no more";
}

TEST_F(LedgerFacts, no_more_than_64_late_commits_are_waited_for) {
  for (int i = 1; i <= 1000; ++i) {
    const auto entry = grows("f", i, i);
    ledger.unanswered(entry);
    ledger.answered(entry);
  }
  EXPECT_LE(lengths("f"), 67u);
  EXPECT_EQ(length("f", 937), 937u);
}

TEST_F(LedgerFacts, only_settling_ends_the_wait_for_a_late_commit) {
  ledger.unanswered(grows("f", 20, 2));
  ledger.answered(1);
  auto entry = ledger.next();
  entry.settled = true;
  ledger.add(entry);
  EXPECT_EQ(ledger.decided(), 1u);
  ledger.answered(2);
  EXPECT_EQ(ledger.decided(), 2u);
}

// settling

TEST_F(LedgerFacts, a_settled_entry_makes_what_stood_before_count_but_for_what_it_cuts) {
  grows("f", 10, 1);
  adds({{p1, 1}}, {{"g", 10, {p1}}});
  grows("f", 20, 2);
  adds({{p1, 2}}, {{"g", 20, {p1}}});
  auto entry = ledger.next();
  entry.settled = true;
  entry.files = {{"f", 10, {}}};
  entry.places = {{p0, 1, false}};
  ledger.add(entry);
  for (const std::uint64_t counts : {1, 2, 3, 4, 5}) {
    EXPECT_EQ(length("f", counts), 10u);
    EXPECT_EQ(length("g", counts), 20u);
  }
  EXPECT_EQ(ledger.written(p0, ledger.decided(), ledger.last()), std::nullopt);
  EXPECT_EQ(ledger.written(p1, ledger.decided(), ledger.last()), std::nullopt);
}

TEST_F(LedgerFacts, what_is_forgotten_is_not_known_and_may_be_announced_anew) {
  grows("f", 10, 1);
  auto entry = ledger.next();
  entry.forgotten = {"f"};
  entry.dropped = {p0};
  ledger.add(entry);
  EXPECT_FALSE(ledger.knows("f"));
  EXPECT_THAT(ledger.partitions(), IsEmpty());
  adds({}, {{"f", 10, {p0}}});
  EXPECT_EQ(length("f", 1), 10u);
}

TEST_F(LedgerFacts, a_file_may_be_forgotten_when_nothing_can_ask_for_an_older_length) {
  const auto first = grows("f", 10, 1);
  EXPECT_FALSE(ledger.may_forget("f"));
  ledger.answered(first);
  EXPECT_TRUE(ledger.may_forget("f"));
  EXPECT_FALSE(ledger.may_forget("unknown"));
  ledger.unanswered(grows("f", 20, 2));
  ledger.answered(grows("f", 30, 3));
  EXPECT_FALSE(ledger.may_forget("f")) << "a late commit would ask for 20";
}

// positions

TEST_F(LedgerFacts, a_partition_that_was_only_opened_has_no_position_until_that_counts) {
  const auto opened = adds({{p0, 100, false}}, {});
  EXPECT_EQ(ledger.position(p0), std::nullopt);
  ledger.answered(opened);
  EXPECT_EQ(ledger.position(p0), 100);
  EXPECT_EQ(ledger.position(p1), std::nullopt);
}

TEST_F(LedgerFacts, what_was_written_is_a_range_of_offsets) {
  ledger.answered(adds({{p0, 100, false}}, {}));
  grows("f", 10, 150);
  grows("f", 20, 180);
  EXPECT_EQ(ledger.written(p0, 1, 3), (Doubt{p0, 100, 180}));
  EXPECT_EQ(ledger.written(p0, 2, 3), (Doubt{p0, 150, 180}));
  EXPECT_EQ(ledger.written(p0, 1, 2), (Doubt{p0, 100, 150}));
  EXPECT_EQ(ledger.written(p0, 3, 3), std::nullopt);
}

// written anew

TEST_F(LedgerFacts, written_anew_has_one_entry_for_all_that_is_decided) {
  adds({{p0, 0, false}, {p1, 0, false}}, {{"f", 0, {p0}}, {"g", 0, {p1}}});
  grows("f", 10, 1);
  ledger.answered(adds({{p1, 1}}, {{"g", 20, {p1}}}));
  grows("f", 30, 2);
  const auto kept = ledger.kept();
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].sequence, 3u);
  EXPECT_EQ(kept[0].after, 0u);
  EXPECT_THAT(kept[0].places, ElementsAre(Place{p0, 1}, Place{p1, 1}));
  EXPECT_THAT(kept[0].files, ElementsAre(Extent{"f", 10, {p0}}, Extent{"g", 20, {p1}}));
  EXPECT_EQ(kept[1].sequence, 4u);
  EXPECT_EQ(kept[1].after, 3u);
  EXPECT_THAT(kept[1].files, ElementsAre(Extent{"f", 30, {p0}}));
}

TEST_F(LedgerFacts, written_anew_goes_on_where_it_was) {
  grows("f", 10, 1);
  auto entry = ledger.next();
  entry.forgotten = {"f"};
  ledger.add(entry);
  EXPECT_EQ(ledger.kept().back().sequence, ledger.next().after);
  EXPECT_THAT(Ledger({8, "", ""}).kept(), IsEmpty());
}

TEST_F(LedgerFacts, a_checkpoint_costs_what_changed_and_not_what_is_open) {
  std::vector<Place> places;
  std::vector<Extent> files;
  for (int i = 0; i < 10'000; ++i) {
    places.push_back({{"t", i}, 0, false});
    files.push_back({"f" + std::to_string(i), 0, {{"t", i}}});
  }
  adds(std::move(places), std::move(files));
  for (std::uint64_t i = 2; i < 20'000; ++i) ledger.answered(grows("f0", i, static_cast<std::int64_t>(i)));
  EXPECT_EQ(lengths("f0"), 2u) << "two hundred million steps would have been felt";
}

}  // namespace
}  // namespace runnel::delivery
