#include <runnel/delivery/ledger.hpp>

#include <algorithm>
#include <iterator>

namespace runnel::delivery {
namespace {

// A request does not outlive so many later ones that broke off: its connection is long gone.
constexpr std::size_t most_late = 64;

template <class History>
void keep_newest(History& history) {
  history.erase(history.begin(), std::prev(history.end()));
}

}  // namespace

LedgerEntry Ledger::next() const {
  LedgerEntry entry;
  entry.sequence = last_ + 1;
  entry.after = last_;
  entry.decided = decided_;
  return entry;
}

void Ledger::add(const LedgerEntry& entry) {
  decided_ = std::max(decided_, entry.decided);
  answered_ = std::max(answered_, decided_);
  last_ = entry.sequence;
  if (entry.settled) settled(entry);
  for (const auto& partition : entry.dropped) partitions_.erase(partition);
  for (const auto& file : entry.forgotten) files_.erase(file);
  for (const auto& place : entry.places) {
    auto& stands = partitions_[place.partition];
    if (entry.settled)  // it was put there: nothing may ever ask for what was before
      for (auto& stand : stands) stand.position = place.position;
    stands.push_back({entry.sequence, place.position, place.wrote});
    prune(stands);
  }
  for (const auto& extent : entry.files) {
    auto& file = files_[extent.file];
    file.partitions.insert(extent.partitions.begin(), extent.partitions.end());
    shares_ = shares_ || file.partitions.size() > 1;
    if (entry.settled) file.lengths.clear();  // it was cut, the same
    file.lengths.push_back({entry.sequence, extent.length});
    prune(file.lengths);
  }
}

void Ledger::settled(const LedgerEntry& entry) {
  decided_ = answered_ = entry.after;
  late_.clear();
  for (auto& [partition, stands] : partitions_) keep_newest(stands);
  for (auto& [path, file] : files_) keep_newest(file.lengths);
}

void Ledger::answered(std::uint64_t entry) {
  answered_ = std::max(answered_, entry);
  if (late_.empty()) decided_ = answered_;
}

void Ledger::unanswered(std::uint64_t entry) {
  late_.insert(entry);
  if (late_.size() > most_late) late_.erase(late_.begin());
}

// A length stands from its entry until the next one's; it is needed while an entry in between may turn out to
// be the last that counts. The first one stands for all that was before, too.
template <class History>
void Ledger::prune(History& history) const {
  for (auto point = history.begin(); std::next(point) != history.end();) {
    const auto from = point == history.begin() ? 0 : point->entry;
    const auto until = std::next(point)->entry;
    const auto late = late_.lower_bound(from);
    const bool asked_for = (decided_ >= from && decided_ < until) || (late != late_.end() && *late < until);
    point = until > answered_ || asked_for ? std::next(point) : history.erase(point);
  }
}

bool Ledger::may_forget(const std::string& file) const {
  const auto found = files_.find(file);
  return found != files_.end() && found->second.lengths.back().entry <= decided_;
}

std::optional<std::int64_t> Ledger::position(const Partition& partition) const {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end()) return std::nullopt;
  const auto more_than_opened = [this](const Stand& each) { return each.wrote || each.entry <= decided_; };
  if (std::ranges::none_of(found->second, more_than_opened)) return std::nullopt;
  return found->second.back().position;
}

std::optional<Doubt> Ledger::written(const Partition& partition, std::uint64_t decided,
                                     std::uint64_t entry) const {
  std::optional<Doubt> doubt;
  const Stand* before = nullptr;
  for (const auto& stand : partitions_.at(partition)) {
    if (before != nullptr && stand.wrote && stand.entry > decided && stand.entry <= entry) {
      if (!doubt) doubt = Doubt{partition, before->position, stand.position};
      doubt->end = std::max(doubt->end, stand.position);
    }
    before = &stand;
  }
  return doubt;
}

std::vector<LedgerEntry> Ledger::kept() const {
  std::map<std::uint64_t, LedgerEntry> entries;
  entries.try_emplace(last_);  // the next one refers to it, even if it has nothing that is still needed
  const auto in = [&](const auto& point) -> LedgerEntry& { return entries[std::max(point.entry, decided_)]; };
  for (const auto& [partition, stands] : partitions_)
    for (auto stand = counting(stands, decided_); stand != stands.end(); ++stand)
      in(*stand).places.push_back({partition, stand->position, stand->wrote});
  for (const auto& [path, file] : files_)
    for (auto length = counting(file.lengths, decided_); length != file.lengths.end(); ++length)
      in(*length).files.push_back({path, length->length, {file.partitions.begin(), file.partitions.end()}});
  std::vector<LedgerEntry> result;
  for (auto& [sequence, entry] : entries) {
    entry.sequence = sequence;
    entry.after = result.empty() ? 0 : result.back().sequence;
    entry.decided = decided_;
    if (sequence > 0) result.push_back(std::move(entry));
  }
  return result;
}

}  // namespace runnel::delivery
