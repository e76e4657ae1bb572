#pragma once

#include <runnel/delivery/extent.hpp>
#include <runnel/delivery/record.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

// What a flow remembers of its files, so that what is committed stands in them exactly once
// (delivery rule 5).
namespace runnel::delivery {

/// Whose a ledger is. Another cluster or group is another ledger.
struct LedgerName {
  std::uint64_t id = 0;  // random, never used again: Kafka's metadata names the ledger by it
  std::string cluster;
  std::string group;

  bool operator==(const LedgerName&) const = default;
};

/// Where a partition stands with an entry.
struct Place {
  Partition partition;
  std::int64_t position = 0;  // the next offset to deliver
  bool wrote = true;          // the records up to there came with this entry; false: it was only put there

  bool operator==(const Place&) const = default;
};

/// One line of a ledger's story: what has changed since the entry before.
struct LedgerEntry {
  std::uint64_t sequence = 0;  // from 1, rises for ever
  std::uint64_t after = 0;     // the sequence of the entry before; 0: none
  std::uint64_t decided = 0;   // no older entry than this can turn out to be the last that counts
  bool settled = false;        // what stood before counts as it is, but for what changes here
  std::vector<Place> places;
  std::vector<Extent> files;  // announced, with what length it has before our first byte; grown; or cut
  std::vector<std::string> forgotten;  // files that need no cut any more, or are removed
  std::vector<Partition> dropped;

  bool operator==(const LedgerEntry&) const = default;
};

/// Records that may stand twice: nobody knows whether the entries that brought them were committed.
struct Doubt {
  Partition partition;
  std::int64_t first = 0;
  std::int64_t end = 0;  // the offset behind the last

  bool operator==(const Doubt&) const = default;
};

/// How long each file was at each entry that may still turn out to be the last that counts.
///
/// A value with rules and nothing else: it is told what was written into the ledger's file, and what Kafka
/// said. An entry counts when its commit was applied; which ones were is only known from Kafka. Of the
/// entries that can no longer be the last that counts nothing is kept, so each file has one length, and while
/// a checkpoint is under way two. Adding an entry costs what changes with it, however much is open.
///
/// A commit holds the partitions that its entry changes or opens. Where several partitions write one file it
/// holds all that are owned: then a late commit sets all of them back, and one entry counts for the file. So
/// a commit that was not sent when more was assigned is not sent any more, but made anew.
class Ledger {
 public:
  struct Length {
    std::uint64_t entry = 0;
    std::uint64_t length = 0;
  };
  struct Stand {
    std::uint64_t entry = 0;
    std::int64_t position = 0;
    bool wrote = true;
  };
  struct File {
    std::set<Partition> partitions;  // whose records it holds
    std::vector<Length> lengths;     // oldest first, never empty
  };

  explicit Ledger(LedgerName name) : name_(std::move(name)) {}

  /// The next entry, still without changes.
  LedgerEntry next() const;

  // What happened.

  void add(const LedgerEntry& entry);
  void answered(std::uint64_t entry);    // its commit counts
  void unanswered(std::uint64_t entry);  // its commit may be applied at any time, until the next settling

  // What is known.

  const LedgerName& name() const { return name_; }
  std::uint64_t last() const { return last_; }
  std::uint64_t decided() const { return decided_; }  // as in an entry
  const std::map<Partition, std::vector<Stand>>& partitions() const { return partitions_; }
  const std::map<std::string, File>& files() const { return files_; }

  /// Several partitions write one file: then a commit holds all that are owned.
  bool shares() const { return shares_; }

  /// A file must be announced before its first byte, unless the ledger knows it.
  bool knows(const std::string& file) const { return files_.contains(file); }

  /// Nothing can ask for an older length of it. If it has not grown since its last entry it may be forgotten;
  /// it is announced before it grows again.
  bool may_forget(const std::string& file) const;

  /// None: the partition was at most opened, without an answer.
  std::optional<std::int64_t> position(const Partition& partition) const;

  /// The records that came with entries after `decided`, up to `entry`.
  std::optional<Doubt> written(const Partition& partition, std::uint64_t decided, std::uint64_t entry) const;

  /// As few entries as say the same: what a ledger that is written anew begins with.
  std::vector<LedgerEntry> kept() const;

 private:
  template <class History>
  void prune(History& history) const;
  void settled(const LedgerEntry& entry);

  LedgerName name_;
  std::uint64_t last_ = 0;
  std::uint64_t decided_ = 0;
  std::uint64_t answered_ = 0;  // the newest whose commit counts
  bool shares_ = false;
  std::set<std::uint64_t> late_;  // commits that may still be applied
  std::map<Partition, std::vector<Stand>> partitions_;
  std::map<std::string, File> files_;
};

/// What of a history counts when `entry` is the last that counts: the newest that is not after it. When all
/// are newer, the oldest: the length that a file was announced with, or the only one that is still needed.
template <class History>
auto counting(const History& history, std::uint64_t entry) {
  auto found = history.begin();
  for (auto next = found; next != history.end() && next->entry <= entry; ++next) found = next;
  return found;
}

template <class History>
const auto& at(const History& history, std::uint64_t entry) {
  return *counting(history, entry);
}

}  // namespace runnel::delivery
