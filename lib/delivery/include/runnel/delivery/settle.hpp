#pragma once

#include <runnel/delivery/begin.hpp>
#include <runnel/delivery/ledger.hpp>
#include <runnel/delivery/owners.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

// What follows for files and positions when Kafka has said what it knows (delivery rules 5 and 8).
namespace runnel::delivery {

/// The group has no position any more (expired, or the topic was made anew), but the ledger has one.
struct Forgotten {
  Partition partition;
  std::int64_t in_ledger = 0;
  std::int64_t begin = 0;  // the same if the log still holds it; else as for a new group

  bool operator==(const Forgotten&) const = default;
};

/// How the assigned partitions begin.
struct Opening {
  Beginning beginning;  // `commit` has all of `read`: what is assigned is read once its opening is committed
  std::map<Partition, Owners> owners;  // found with each assigned one; goes into its every commit, see with()
  std::vector<Place> places;           // for the ledger's next entry
  std::vector<Forgotten> forgotten;
};

/// What settling asks for, in this order: cut, make durable, append `entry`, commit.
struct Settled {
  std::vector<Extent> cuts;  // all files that the ledger knows; 0: to be removed
  LedgerEntry entry;  // with the opening's places; to be appended and added even when nothing is opened
  Opening opening;
  std::vector<Doubt> doubts;      // the files are kept, and these may stand twice
  std::vector<Partition> behind;  // the ledger lacks entries that were committed: the files are left as they
                                  // are, and what lies beyond the committed offset may stand twice
  std::vector<Partition> gone;    // Kafka has no such partition any more
};

/// For partitions that are assigned while nothing is in doubt. `known` as for begin().
Opening open(const Ledger& ledger, Reset reset, std::span<const Partition> assigned,
             std::span<const Known> known);

/// After a start, a loss, a refused commit, or a revoke that did not end in an answer. `assigned`: all that
/// are ours now, also those that were before. `known`: as for begin(), and all partitions of the ledger that
/// exist, whoever owns them; asked after this assignment.
Settled settle(const Ledger& ledger, Reset reset, std::span<const Partition> assigned,
               std::span<const Known> known);

}  // namespace runnel::delivery
