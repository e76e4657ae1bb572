#pragma once

#include "member.hpp"

#include <runnel/disk/disk.hpp>
#include <runnel/flow/ledger_store.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string>

namespace runnel::sim {

/// A rule of the protocol that is broken at one of the interfaces, so that what ships need not be touched.
/// The oracle must find each.
struct Mutation {
  enum What {
    none,
    output_unsynced,     // committed before fdatasync
    directory_unsynced,  // no directory is ever synced
    ledger_unsynced,     // the ledger is not synced before the commit
    unannounced,         // a file's first byte before the ledger knows it
    announced_unsynced,  // or before that is durable
    uncut,               // nothing is cut
    begin_at_ledger,     // at the position of the ledger in place of the committed one
    unopened,            // written before the opening is committed
    asked_early,         // what Kafka knew before the assignment is taken for what it knows
    metadata_ignored,    // its own last entry is taken for the one that counts
    assigned_only,       // settled without those that are not assigned
    no_former_owners,    // the metadata names nobody but who commits
    last_owner_only,     // and one more
    unanswered_counts,   // a commit without an answer is taken for one that counts
    unanswered_pruned,   // lengths that such a commit may ask for are not kept
    unanswered_clean,    // a revoke after such a commit is taken for a clean one
    restamped,           // one that waits when all is lost is sent in the next generation
    any_generation,      // (Kafka's rule) the commit of a former generation is applied
  };

  What what = none;
  const char* name = "";
  const char* rule = "";
};

std::span<const Mutation> mutations();

/// The parts of a life, broken as the mutation says; without one they are what is given, and
/// with `none` what stands before them breaks nothing.
struct Parts {
  std::shared_ptr<disk::Disk> disk;
  std::function<std::unique_ptr<flow::Source>(std::unique_ptr<Member>, flow::LedgerStore*)> source;
  std::function<std::unique_ptr<flow::LedgerStore>(std::unique_ptr<flow::LedgerStore>)> store;
};

Parts parts_of(const Mutation* mutation, disk::Disk& disk);

}  // namespace runnel::sim
