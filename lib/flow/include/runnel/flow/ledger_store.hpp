#pragma once

#include <runnel/async/awaitable.hpp>
#include <runnel/delivery/ledger.hpp>
#include <runnel/flow/hurry.hpp>
#include <runnel/flow/sink.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace runnel::flow {

/// Where the ledger of a flow outlives the process (delivery rule 5). Thread: the loop's; calls that wait
/// come one at a time.
class LedgerStore {
 public:
  virtual ~LedgerStore() = default;

  /// Reads what there is of this cluster, or begins a ledger; after the first `done` it does nothing.
  /// Completes with done, failed (not now: the same call again) or late. Errors: throws Broken when another
  /// process holds it, or when it cannot be believed.
  virtual async::awaitable<Delivered> open(const std::string& cluster, Hurry& hurry) = 0;

  /// Once open: what it says, with what was added and is not durable yet.
  virtual const delivery::Ledger& ledger() const = 0;

  /// What happened, as of a delivery::Ledger. The next sync() brings an entry to the disk.
  virtual void add(delivery::LedgerEntry entry) = 0;
  virtual void answered(std::uint64_t entry) = 0;
  virtual void unanswered(std::uint64_t entry) = 0;

  /// Makes durable all that was added. Completes at once when all is. After failed or late what was added is
  /// still to be made durable, by the next call.
  virtual async::awaitable<Delivered> sync(Hurry& hurry) = 0;

  /// Whether these files, of which the ledger does not speak yet, may be written: `failed` as long as another
  /// ledger beside it speaks of one of them.
  virtual async::awaitable<Delivered> see_free(std::vector<std::string> files, Hurry& hurry) = 0;

  /// Cuts each file to its length (0: removes it), and makes that durable. No sink may have one of them open.
  /// Files that are missing or shorter stay as they are, with a warning that names them.
  virtual async::awaitable<Delivered> cut(std::vector<delivery::Extent> files, Hurry& hurry) = 0;

  /// Lets go of its file and of the lock, at the latest at the deadline: another flow may open it next. It is
  /// fit only for destruction then.
  virtual async::awaitable<void> close(Hurry& hurry) = 0;
};

}  // namespace runnel::flow
