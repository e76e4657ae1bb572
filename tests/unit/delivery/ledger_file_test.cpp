#include <runnel/delivery/ledger_file.hpp>

#include <gmock/gmock.h>

namespace runnel::delivery {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Partition p0{"orders", 3};
const LedgerName ours{0x9f0c2b7714c01a5e, "Tq3", "archive"};

LedgerEntry entry_number(std::uint64_t sequence) {
  LedgerEntry entry;
  entry.sequence = sequence;
  entry.after = sequence - 1;
  entry.places = {{p0, static_cast<std::int64_t>(10 * sequence)}};
  entry.files = {{"/log/3", 100 * sequence, {p0}}};
  return entry;
}

// A ledger of some entries, and where each begins.
struct File {
  std::string bytes = to_text(ours);
  std::vector<std::size_t> begins;

  explicit File(std::uint64_t entries) {
    for (std::uint64_t i = 1; i <= entries; ++i) append(entry_number(i));
  }
  void append(const LedgerEntry& entry) {
    begins.push_back(bytes.size());
    bytes += to_text(ours, entry);
  }
};

TEST(LedgerFile, is_text_with_one_change_a_line) {
  LedgerEntry entry;
  entry.sequence = 17, entry.after = 16, entry.decided = 15;
  entry.places = {{p0, 1205}, {{"orders", 4}, 7, false}};
  entry.files = {{"/log/orders/3", 4096, {p0}}};
  entry.forgotten = {"/log/orders/2"};
  entry.dropped = {{"orders", 2}};
  EXPECT_EQ(to_text(ours, entry),
            "entry 17 16 15 105 72f7f78a\n"
            "drop orders 2\n"
            "forget /log/orders/2\n"
            "wrote orders 3 1205\n"
            "holds orders 4 7\n"
            "file 4096 /log/orders/3 orders 3\n");
}

TEST(LedgerFile, names_its_ledger_cluster_and_group) {
  const LedgerName strange{1, "", "a group\n% of \xff"};
  for (const auto& name : {ours, strange}) {
    const auto replayed = replay(to_text(name));
    EXPECT_EQ(replayed.outcome, Replayed::whole);
    EXPECT_EQ(replayed.ledger.name(), name);
  }
}

TEST(LedgerFile, a_replay_gives_the_ledger_that_wrote_it) {
  const File file(3);
  const auto replayed = replay(file.bytes);
  EXPECT_EQ(replayed.outcome, Replayed::whole);
  EXPECT_EQ(replayed.end, file.bytes.size());
  EXPECT_EQ(replayed.version, ledger_version);
  EXPECT_EQ(replayed.ledger.last(), 3u);
  EXPECT_EQ(at(replayed.ledger.files().at("/log/3").lengths, 2).length, 200u);
  EXPECT_EQ(replayed.ledger.partitions().at(p0).back().position, 30);
}

TEST(LedgerFile, any_byte_may_stand_in_a_path) {
  File file(1);
  std::string path = "/log/\nentry 9 8 7 0 00000000\n";
  for (int c = 0; c < 256; ++c) path += static_cast<char>(c);
  auto entry = entry_number(2);
  entry.files = {{path, 5, {{"a b%", -1}}}};
  file.append(entry);
  const auto replayed = replay(file.bytes);
  EXPECT_EQ(replayed.outcome, Replayed::whole);
  EXPECT_TRUE(replayed.ledger.knows(path));
  for (const char c : file.bytes) EXPECT_TRUE(c == '\n' || (c >= ' ' && c < '\x7f'));
}

TEST(LedgerFile, every_kind_of_change_comes_back) {
  LedgerEntry entry;
  entry.sequence = 1;
  entry.settled = true;
  entry.places = {{p0, 5, false}};
  entry.files = {{"f", 1, {p0}}, {"g", 2, {p0, {"u", 0}}}};
  auto second = entry_number(2);
  second.decided = 1;
  second.forgotten = {"f"};
  const auto replayed = replay(to_text(ours) + to_text(ours, entry) + to_text(ours, second));
  EXPECT_EQ(replayed.outcome, Replayed::whole);
  EXPECT_EQ(replayed.ledger.decided(), 1u);
  EXPECT_FALSE(replayed.ledger.knows("f"));
  EXPECT_THAT(replayed.ledger.files().at("g").partitions, ElementsAre(p0, Partition{"u", 0}));
}

TEST(LedgerFile, written_anew_says_the_same_in_fewer_bytes) {
  File file(1);
  Ledger ledger = replay(file.bytes).ledger;
  for (std::uint64_t i = 2; i <= 50; ++i) {
    auto entry = ledger.next();
    entry.places = entry_number(i).places;
    entry.files = entry_number(i).files;
    ledger.add(entry);
    if (i < 49) ledger.answered(i);
  }
  const auto bytes = written_anew(ledger);
  EXPECT_LT(bytes.size(), 500u);
  const auto again = replay(bytes);
  EXPECT_EQ(again.outcome, Replayed::whole);
  EXPECT_EQ(again.ledger.kept(), ledger.kept());
  EXPECT_EQ(again.ledger.next(), ledger.next());
  for (std::uint64_t counts = 48; counts <= 50; ++counts)
    EXPECT_EQ(at(again.ledger.files().at("/log/3").lengths, counts).length, 100 * counts);
}

TEST(LedgerFile, is_written_anew_when_it_is_several_times_what_must_be_known) {
  EXPECT_FALSE(rewrite_due(1 << 20, 1000));
  EXPECT_TRUE(rewrite_due((1 << 20) + 1, 1000));
  EXPECT_FALSE(rewrite_due(4 << 20, 1 << 20));
  EXPECT_TRUE(rewrite_due((4 << 20) + 1, 1 << 20));
}

// after a power loss

TEST(LedgerFile, a_torn_tail_is_left_behind_wherever_it_was_torn) {
  const File file(3);
  for (auto size = file.begins[2] + 1; size < file.bytes.size(); ++size) {
    const auto replayed = replay(std::string_view(file.bytes).substr(0, size));
    EXPECT_EQ(replayed.outcome, Replayed::torn) << size;
    EXPECT_EQ(replayed.end, file.begins[2]) << size;
    EXPECT_EQ(replayed.ledger.last(), 2u) << size;
  }
  EXPECT_EQ(replay(std::string_view(file.bytes).substr(0, file.begins[2])).outcome, Replayed::whole);
}

TEST(LedgerFile, a_tail_of_zeros_or_garbage_is_a_torn_one) {
  const File file(2);
  for (const auto& tail : {std::string(4096, '\0'), std::string(300, '\n'), std::string("entry 3 2 0 9999 0"),
                           std::string("entry \n\nentry 3\n"), std::string(70000, 'x')}) {
    const auto replayed = replay(file.bytes + tail);
    EXPECT_EQ(replayed.outcome, Replayed::torn);
    EXPECT_EQ(replayed.end, file.bytes.size());
    EXPECT_EQ(replayed.ledger.last(), 2u);
  }
}

TEST(LedgerFile, a_wrong_byte_anywhere_in_the_last_entry_makes_it_a_torn_one) {
  const File file(3);
  for (auto i = file.begins[2]; i < file.bytes.size(); ++i) {
    auto bytes = file.bytes;
    bytes[i] = static_cast<char>(bytes[i] ^ 1);
    const auto replayed = replay(bytes);
    EXPECT_EQ(replayed.outcome, Replayed::torn) << i;
    EXPECT_EQ(replayed.end, file.begins[2]) << i;
  }
}

TEST(LedgerFile, old_entries_in_the_place_of_the_last_are_no_later_ones) {
  const File file(3);
  const auto old = file.bytes.substr(file.begins[0], file.begins[2] - file.begins[0]);
  for (const auto& tail : {old, "gar\nbage" + old, "gar\n" + old})
    EXPECT_EQ(replay(file.bytes + tail).outcome, Replayed::torn);
}

TEST(LedgerFile, what_another_ledger_left_on_the_disk_is_garbage) {
  const File file(2);
  const auto replayed = replay(file.bytes + to_text({1, "", ""}, entry_number(3)));
  EXPECT_EQ(replayed.outcome, Replayed::torn);
  EXPECT_EQ(replayed.ledger.last(), 2u);
}

// what no power loss can do

TEST(LedgerFile, a_bad_entry_before_a_good_one_is_refused_with_its_place) {
  const File file(4);
  for (auto i = file.begins[1]; i < file.begins[2]; ++i) {
    auto bytes = file.bytes;
    bytes[i] = static_cast<char>(bytes[i] ^ 1);
    const auto replayed = replay(bytes);
    EXPECT_EQ(replayed.outcome, Replayed::damaged) << i;
    EXPECT_EQ(replayed.end, file.begins[1]) << i;
    EXPECT_THAT(replayed.why, HasSubstr("damaged"));
  }
}

TEST(LedgerFile, zeros_in_the_middle_are_refused) {
  const File file(3);
  auto bytes = file.bytes;
  std::fill(bytes.begin() + static_cast<long>(file.begins[1]),
            bytes.begin() + static_cast<long>(file.begins[2]), '\0');
  bytes[file.begins[2] - 1] = '\n';
  EXPECT_EQ(replay(bytes).outcome, Replayed::damaged);
}

TEST(LedgerFile, a_missing_entry_is_refused) {
  const File file(3);
  auto bytes = file.bytes;
  bytes.erase(file.begins[1], file.begins[2] - file.begins[1]);
  const auto replayed = replay(bytes);
  EXPECT_EQ(replayed.outcome, Replayed::damaged);
  EXPECT_EQ(replayed.end, file.begins[1]);
  EXPECT_THAT(replayed.why, HasSubstr("missing"));
}

TEST(LedgerFile, a_damaged_first_line_is_refused) {
  const File file(1);
  for (std::size_t i = 0; i + 1 < file.begins[0]; ++i) {
    auto bytes = file.bytes;
    bytes[i] = static_cast<char>(bytes[i] ^ 1);
    const auto outcome = replay(bytes).outcome;
    EXPECT_TRUE(outcome == Replayed::damaged || outcome == Replayed::newer) << i;
  }
  for (const auto* bytes : {"", "\n", "runnel-ledger", "something else\n"})
    EXPECT_EQ(replay(bytes).outcome, Replayed::damaged) << bytes;
}

TEST(LedgerFile, a_newer_version_is_refused_as_such) {
  const auto replayed = replay("runnel-ledger 2 in a form that is not known yet\nand more\n");
  EXPECT_EQ(replayed.outcome, Replayed::newer);
  EXPECT_EQ(replayed.version, 2);
}

}  // namespace
}  // namespace runnel::delivery
