#pragma once

#include <runnel/async/awaitable.hpp>
#include <runnel/delivery/extent.hpp>
#include <runnel/delivery/record.hpp>
#include <runnel/flow/hurry.hpp>

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace runnel::flow {

enum class Outcome {
  done,         // the sink has taken responsibility for all of it
  unannounced,  // it would write into files that must be remembered first: remember them, then the same call
                // again
  failed,       // not now: the same call again; the sink knows how far it was
  unsure,       // a sync has failed: what was written since the last prepare() may not be on the disk, and no
                // later call would tell; only of a sink whose files a ledger remembers
  closed,       // nobody will ever read it (a closed pipe): the flow ends, cleanly
  late,         // the deadline came first: given up
};

struct Delivered {
  Outcome outcome = Outcome::done;
  std::string reason = {};                     // one clause: what, where, why; empty for done
  std::vector<delivery::Extent> extents = {};  // of unannounced: the files; of prepare(): what has changed
  std::vector<std::string> closed = {};        // of prepare(): files that would be announced again
  bool no_descriptor = false;                  // of failed: the process has none left
};

/// Where records go. One instance belongs to one flow. A failure that no retry can mend is thrown as Broken.
///
/// Calls come one at a time. Thread: the loop's; what may block runs on a worker of the sink's own. A call
/// that came `late` may still have work under way: the sink keeps the batch's owner until that has ended.
/// Cancellation (terminal) is allowed at any wait and leaves the sink fit only for destruction.
class Sink {
 public:
  virtual ~Sink() = default;

  /// These partitions are the flow's now, and nobody else may write what they are written to: what there is
  /// of it is locked, before the first record. Errors: throws Broken when another process has the lock.
  virtual async::awaitable<Delivered> take(std::span<const delivery::Partition>, Hurry&) {
    co_return Delivered();
  }

  /// Gives the batch to the sink. Completes when the sink has taken responsibility for every record, or has
  /// failed, or at the deadline. After `late` the next batch may begin at earlier offsets.
  virtual async::awaitable<Delivered> deliver(const delivery::Batch& batch, Hurry& hurry) = 0;

  /// Makes durable all that was delivered. Completes when that is so, or as deliver does.
  virtual async::awaitable<Delivered> prepare(Hurry& hurry) = 0;

  /// Lets go of what it holds for these partitions (open files, locks), and of what it was to tell with the
  /// next prepare(): another member gets them next, or their files are cut. After `unsure`, asked again it
  /// goes on.
  virtual async::awaitable<Delivered> give_up(std::span<const delivery::Partition> partitions,
                                              Hurry& hurry) = 0;

  /// Ends the sink: what it holds is let go, at the latest at the deadline.
  virtual async::awaitable<void> stop(Hurry& hurry) = 0;
};

}  // namespace runnel::flow
