#include <runnel/delivery/progress.hpp>

namespace runnel::delivery {

void Progress::assigned(const Positions& read, const Positions& commit, time_point now) {
  // Out of step with the member's heartbeats, which begin now as well: right behind one a rebalance may
  // begin, and a commit that meets it is refused.
  if (positions_.empty()) last_ = now - limits_.interval / 3;
  for (const auto& [partition, next] : read) {
    positions_[partition] = next;
    uncommitted_.erase(partition);  // what was looked up now is newer
    unopened_.erase(partition);
  }
  for (const auto& [partition, next] : commit) {
    const auto ours = read.find(partition);
    uncommitted_[partition] = ours == read.end() ? next : ours->second;
    unopened_.insert(partition);
  }
}

void Progress::dropped(std::span<const Partition> partitions) {
  for (const auto& partition : partitions) {
    positions_.erase(partition);
    uncommitted_.erase(partition);
    unopened_.erase(partition);
  }
  if (!positions_.empty()) return;
  uncommitted_.clear();
  unopened_.clear();
  bytes_ = 0;
}

void Progress::delivered(std::span<const Reached> reached, std::size_t bytes) {
  for (const auto& [partition, next] : reached) {
    const auto position = positions_.find(*partition);
    if (position == positions_.end()) continue;
    position->second = next;
    uncommitted_.insert_or_assign(*partition, next);
  }
  bytes_ += bytes;
}

void Progress::handed_over(const Positions& commit, time_point now) {
  out_ = commit;
  out_since_ = last_ = now;
  if (!failing_) bytes_ = 0;
}

void Progress::committed(time_point now) {
  if (!out_) return;
  for (const auto& [partition, position] : *out_) {
    unopened_.erase(partition);
    const auto waiting = uncommitted_.find(partition);
    if (waiting != uncommitted_.end() && waiting->second == position) uncommitted_.erase(waiting);
  }
  out_.reset();
  refused_ = failing_ = false;
  not_before_ = now;
}

void Progress::failed(time_point again) {
  out_.reset();
  failing_ = true;
  not_before_ = again;
}

void Progress::refused(time_point again) {
  failed(again);
  refused_ = true;
}

void Progress::changed() {
  if (refused_) not_before_ = {};  // what was waited for is here
  refused_ = false;
}

bool Progress::may_read(time_point now) const {
  if (positions_.empty() || !unopened_.empty() || refused_) return false;
  const bool answer_overdue = out_ && now >= out_since_ + limits_.interval;
  const bool unanswered = out_.has_value() || now < not_before_;
  return !answer_overdue && !(unanswered && bytes_ >= limits_.bytes);
}

bool Progress::checkpoint_due(time_point now, bool stopping) const {
  if (out_ || now < not_before_ || !dirty()) return false;
  return stopping || !unopened_.empty() || refused_ || bytes_ >= limits_.bytes ||
         now >= last_ + limits_.interval;
}

Progress::time_point Progress::next_due(time_point now) const {
  if (out_) return out_since_ + limits_.interval > now ? out_since_ + limits_.interval : time_point::max();
  if (!dirty()) return time_point::max();
  if (now < not_before_) return not_before_;
  return last_ + limits_.interval;
}

std::optional<bool> Progress::opened(const Partition& partition) const {
  if (!positions_.contains(partition)) return std::nullopt;
  return !unopened_.contains(partition);
}

}  // namespace runnel::delivery
