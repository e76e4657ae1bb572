#pragma once

#include <runnel/delivery/record.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>

namespace runnel::delivery {

/// How often a flow checkpoints.
struct CheckpointLimits {
  std::chrono::milliseconds interval{1000};
  std::uint64_t bytes = 256 << 20;
};

/// Where one flow stands: what it may read, what it has delivered, what the group knows of it.
///
/// A value with rules and nothing else: it is told what happened and answers what is to be done. Its rule:
/// a position is committed only after it was delivered, and a partition is read only once the group knows
/// where it begins. What it is asked at each batch and each checkpoint costs O(changed), not O(partitions).
class Progress {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit Progress(CheckpointLimits limits) : limits_(limits) {}

  /// Other limits, from the checkpoint that is due next on.
  void adjust(CheckpointLimits limits) { limits_ = limits; }

  // What happened.

  /// These partitions are ours, read from `read`; `commit` is what the group must learn before the first
  /// record.
  void assigned(const Positions& read, const Positions& commit, time_point now);
  void dropped(std::span<const Partition> partitions);
  void delivered(std::span<const Reached> reached, std::size_t bytes);
  void handed_over(const Positions& commit, time_point now);
  void committed(time_point now);  // the answer to what was handed over: it counts
  void failed(time_point again);   // no answer that counts: the same again, then
  void refused(time_point again);  // read nothing until the next change; at `again` try anew
  void changed();                  // a change of assignment came: what was refused may be tried at once

  // What is to be done.

  bool may_read(time_point now) const;
  bool checkpoint_due(time_point now, bool stopping) const;  // never while one is out
  time_point next_due(time_point now) const;                 // when the two above may change by time alone

  /// What the group does not know yet; valid until the next call that tells what happened.
  const Positions& uncommitted() const { return uncommitted_; }
  bool dirty() const { return !uncommitted_.empty(); }

  /// The next offset to deliver of each partition that is ours; valid until the next call that tells what
  /// happened.
  const Positions& positions() const { return positions_; }
  /// Whether the group knows a position of it; none: it is not ours.
  std::optional<bool> opened(const Partition& partition) const;
  bool commit_out() const { return out_.has_value(); }
  bool refused() const { return refused_; }
  time_point retry_at() const { return not_before_; }  // after a commit that failed

 private:
  CheckpointLimits limits_;
  Positions positions_;
  Positions uncommitted_;  // of ours, and of others that the group must learn beside ours
  std::set<Partition>
      unopened_;  // of those, the ones whose position the group has yet to learn: nothing is read
  bool refused_ = false;
  bool failing_ = false;     // a commit has failed since the last one that counted
  std::uint64_t bytes_ = 0;  // delivered since the last hand-over; while failing_, since the first of them
  time_point last_{};        // of the last checkpoint
  std::optional<Positions> out_;
  time_point out_since_{};
  time_point not_before_{};  // of the next checkpoint, after a failure
};

}  // namespace runnel::delivery
