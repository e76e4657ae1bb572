#include <runnel/delivery/progress.hpp>

#include <algorithm>

namespace runnel::delivery {

void Progress::assigned(const Positions& read, const Positions& commit, time_point now) {
  // Out of step with the member's heartbeats, which begin now as well: right behind one a rebalance may
  // begin, and a commit that meets it is refused.
  if (places_.empty()) last_ = now - limits_.interval / 3;
  for (const auto& [partition, next] : read) {
    const bool known = !commit.contains(partition);
    places_[partition] = {next, known ? std::optional(next) : std::nullopt};
    to_open_.erase(partition);  // what was looked up now is newer
  }
  for (const auto& [partition, next] : commit)
    if (!read.contains(partition)) to_open_[partition] = next;
  review();
}

void Progress::dropped(std::span<const Partition> partitions) {
  for (const auto& partition : partitions) places_.erase(partition);
  if (places_.empty()) {
    to_open_.clear();
    bytes_ = 0;
  }
  review();
}

void Progress::delivered(std::span<const Reached> reached, std::size_t bytes) {
  for (const auto& [partition, next] : reached) {
    auto place = places_.find(*partition);
    if (place == places_.end()) continue;
    place->second.next = next;
    dirty_ = true;
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
    auto place = places_.find(partition);
    if (place != places_.end()) place->second.committed = position;
    to_open_.erase(partition);
  }
  out_.reset();
  refused_ = failing_ = false;
  not_before_ = now;
  review();
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
  if (places_.empty() || opening_ || refused_) return false;
  const bool answer_overdue = out_ && now >= out_since_ + limits_.interval;
  const bool unanswered = out_.has_value() || now < not_before_;
  return !answer_overdue && !(unanswered && bytes_ >= limits_.bytes);
}

bool Progress::checkpoint_due(time_point now, bool stopping) const {
  if (out_ || now < not_before_ || !dirty()) return false;
  return stopping || opening_ || refused_ || bytes_ >= limits_.bytes || now >= last_ + limits_.interval;
}

Progress::time_point Progress::next_due(time_point now) const {
  if (out_) return out_since_ + limits_.interval > now ? out_since_ + limits_.interval : time_point::max();
  if (!dirty()) return time_point::max();
  if (now < not_before_) return not_before_;
  return last_ + limits_.interval;
}

Positions Progress::uncommitted() const {
  Positions result = to_open_;
  for (const auto& [partition, place] : places_)
    if (place.committed != place.next) result[partition] = place.next;
  return result;
}

void Progress::review() {
  const auto unknown = [](const auto& place) { return !place.second.committed; };
  opening_ = !to_open_.empty() || std::ranges::any_of(places_, unknown);
  dirty_ = !uncommitted().empty();
}

std::optional<bool> Progress::opened(const Partition& partition) const {
  const auto place = places_.find(partition);
  if (place == places_.end()) return std::nullopt;
  return place->second.committed.has_value();
}

Positions Progress::positions() const {
  Positions result;
  for (const auto& [partition, place] : places_) result[partition] = place.next;
  return result;
}

}  // namespace runnel::delivery
