#pragma once

#include <runnel/delivery/commit_rules.hpp>

namespace runnel::delivery {

/// Whether the files and Kafka are known to agree, or must be settled before anything more is written.
///
/// That a partition is opened before its first record is Progress's: settle() and open() have every position
/// committed first. The entry that a commit decides is the Ledger's.
class Settlement {
 public:
  // What happened.

  void settled() {
    settled_ = true;
    doubt_ = again_ = late_ = refused_ = false;  // the new generation fences what was sent in the old one
  }

  /// A sync has failed: what was written since the last checkpoint may not be on the disk. Commits that are
  /// out or have no answer speak of what was durable before, and go their way.
  void doubted() { doubt_ = true; }

  /// Settled in the generation in which the doubt arose. It fences nothing: what had no answer is still late.
  void settled_here() { doubt_ = false; }

  void handed_over() { out_ = true; }

  void answered(AfterCommit after) {
    out_ = false;
    again_ = after == AfterCommit::again;
    if (again_) late_ = true;
    if (after == AfterCommit::wait_for_change || after == AfterCommit::stop) {
      refused_ = (settled_ || refused_) && !late_;
      settled_ = false;
    } else if (after == AfterCommit::go_on && refused_) {  // the same commit, before anything has changed
      refused_ = false;
      settled_ = true;
    }
  }

  /// More is ours. What is not known to be committed goes into a new checkpoint, which holds the new ones
  /// too: the same commit as before would be a commit of this generation that lacks them. In doubt nothing of
  /// them is written, and only a new generation fences what had no answer.
  void assigned(bool same_generation = false) {
    if (!doubt_ || !same_generation) again_ = false;
  }

  /// A revoke or a stop has ended. `committed`: all that was delivered of what went.
  void gave_up(bool committed) {
    if (!committed || out_ || late_) settled_ = false;
    refused_ = false;
  }

  void lost() { settled_ = refused_ = false; }

  // What is to be done.

  bool may_write() const { return !must_settle(); }

  /// With the next assignment, and before a byte is written.
  bool must_settle() const { return !settled_ || doubt_; }

  /// Without an assignment: only the disk is in doubt, and each commit has its answer, so that what Kafka
  /// says is the last word.
  bool may_settle_here() const { return doubt_ && settled_ && !out_ && !again_; }

  /// Kafka and the ledger agree on what counts, whatever the disk has of what does not count yet.
  bool agrees() const { return settled_; }

  /// Since the last settling. Else one may still be applied, until the group is joined anew.
  bool all_answered() const { return !out_ && !late_; }

  /// Nobody knows whether the last commit was applied: the next one is the same. Never when it must settle:
  /// sent in the next generation it could be applied after the cut.
  bool same_again() const { return again_ && settled_; }

  /// The last commit was refused, and nothing has changed since: the same may be tried again, and if it
  /// counts nothing needs to be settled.
  bool was_refused() const { return refused_; }

  /// Whether a loss may be answered: a commit that still waits inside the client could be sent in the name of
  /// the next generation, and be applied after the cut.
  bool may_rejoin() const { return !out_; }

 private:
  bool settled_ = false;
  bool doubt_ = false;
  bool refused_ = false;
  bool out_ = false;    // a commit has no answer yet
  bool again_ = false;  // and its last one said nothing
  bool late_ = false;   // a commit that had no answer was sent again: the first one may still set Kafka back
};

}  // namespace runnel::delivery
