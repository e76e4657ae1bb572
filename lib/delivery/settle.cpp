#include <runnel/delivery/settle.hpp>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace runnel::delivery {
namespace {

Owners owners_of(const Known& known) {
  return known.committed ? owners_in(known.metadata) : Owners();
}

std::map<Partition, const Known*> by_partition(std::span<const Known> known) {
  std::map<Partition, const Known*> result;
  for (const auto& each : known) result[each.partition] = &each;
  return result;
}

// The partitions of a ledger, each with the last of its entries that counts.
struct Verdicts {
  std::map<Partition, std::uint64_t> counts;
  std::set<Partition> behind;
  std::set<Partition> gone;
};

Verdicts judge(const Ledger& ledger, std::span<const Known> known, Settled& result) {
  Verdicts verdicts;
  const auto asked = by_partition(known);
  for (const auto& [partition, stands] : ledger.partitions()) {
    const auto found = asked.find(partition);
    std::optional<std::uint64_t> claim;
    if (found != asked.end())
      claim = entry_of(ledger.name().id, owners_of(*found->second));
    else
      verdicts.gone.insert(partition);
    const auto doubt = ledger.written(partition, ledger.decided(), ledger.last());
    const auto decided = claim.value_or(0);
    if (decided > ledger.last()) {
      verdicts.behind.insert(partition);
      result.entry.sequence = std::max(result.entry.sequence, decided + 1);
    } else if (claim) {
      verdicts.counts[partition] = decided;
      const auto [committed, position] = std::pair(*found->second->committed, at(stands, decided).position);
      const bool of_long_ago = committed < position;
      if (of_long_ago) result.doubts.push_back({partition, committed, position});
    } else if (doubt) {  // an operator moved the offset: follow, and cut nothing
      verdicts.counts[partition] = ledger.last();
      result.doubts.push_back(*doubt);
    } else if (!ledger.position(partition)) {  // only opened, and that did not count
      result.entry.dropped.push_back(partition);
    }
  }
  return verdicts;
}

// What a shared file keeps of a partition although its own entries did not count: an operator moved the
// offset of another one, or a commit was applied in part.
void collect_exposed(const Ledger& ledger, const Verdicts& verdicts, const std::set<Partition>& partitions,
                     std::uint64_t kept, std::map<Partition, Doubt>& exposed) {
  for (const auto& partition : partitions) {
    const auto found = verdicts.counts.find(partition);
    if (found == verdicts.counts.end()) continue;
    if (const auto doubt = ledger.written(partition, found->second, kept)) exposed[partition] = *doubt;
  }
}

void cut_files(const Ledger& ledger, const Verdicts& verdicts, Settled& result) {
  std::map<Partition, Doubt> exposed;
  for (const auto& [path, file] : ledger.files()) {
    const auto is_in = [](const auto& some) {
      return [&](const Partition& each) { return some.contains(each); };
    };
    if (std::ranges::any_of(file.partitions, is_in(verdicts.behind))) {
      result.entry.forgotten.push_back(path);  // to be announced with the length it really has
      continue;
    }
    // A commit is applied as a whole, so each of its partitions tells for the whole file.
    std::optional<std::uint64_t> counts;
    for (const auto& partition : file.partitions)
      if (const auto found = verdicts.counts.find(partition); found != verdicts.counts.end())
        counts = std::max(counts.value_or(0), found->second);
    const auto length = at(file.lengths, counts.value_or(ledger.last())).length;
    if (counts) collect_exposed(ledger, verdicts, file.partitions, *counts, exposed);
    result.cuts.push_back({path, length, {file.partitions.begin(), file.partitions.end()}});
    if (length == 0 || std::ranges::all_of(file.partitions, is_in(verdicts.gone)))
      result.entry.forgotten.push_back(path);
    else if (length != file.lengths.back().length)
      result.entry.files.push_back({path, length, {}});
  }
  for (const auto& [partition, doubt] : exposed) result.doubts.push_back(doubt);
}

// What is not ours now stands where the entry that counts left it.
void put_back(const Ledger& ledger, const Verdicts& verdicts, Settled& result) {
  for (const auto& [partition, counts] : verdicts.counts) {
    const auto& stands = ledger.partitions().at(partition);
    const auto position = at(stands, counts).position;
    const bool ours = result.opening.beginning.read.contains(partition);
    if (!ours && !verdicts.gone.contains(partition) && position != stands.back().position)
      result.entry.places.push_back({partition, position, false});
  }
}

}  // namespace

Opening open(const Ledger& ledger, Reset reset, std::span<const Partition> assigned,
             std::span<const Known> known) {
  Opening result;
  auto& [read, commit, gaps, refused] = result.beginning = begin(reset, assigned, known);
  const auto asked = by_partition(known);
  for (const auto& partition : assigned) {
    const auto found = asked.find(partition);
    if (found == asked.end()) continue;
    const auto& [same, committed, metadata, low, high] = *found->second;
    if (const auto position = committed ? std::nullopt : ledger.position(partition)) {
      if (*position >= low && *position <= high) {
        read[partition] = *position;
        std::erase(refused, partition);
      }
      if (read.contains(partition)) result.forgotten.push_back({partition, *position, read[partition]});
    }
    auto owners = owners_of(*found->second);
    std::erase_if(owners, [&](const Claim& claim) { return claim.ledger == ledger.name().id; });
    if (read.contains(partition)) result.owners[partition] = std::move(owners);
  }
  for (const auto& [partition, position] : read) {
    commit[partition] = position;
    result.places.push_back({partition, position, false});
  }
  return result;
}

Settled settle(const Ledger& ledger, Reset reset, std::span<const Partition> assigned,
               std::span<const Known> known) {
  Settled result;
  result.entry = ledger.next();
  result.entry.settled = true;
  result.opening = open(ledger, reset, assigned, known);
  result.entry.places = result.opening.places;
  const auto verdicts = judge(ledger, known, result);
  cut_files(ledger, verdicts, result);
  put_back(ledger, verdicts, result);
  result.behind.assign(verdicts.behind.begin(), verdicts.behind.end());
  result.gone.assign(verdicts.gone.begin(), verdicts.gone.end());
  result.entry.dropped.insert(result.entry.dropped.end(), result.gone.begin(), result.gone.end());
  return result;
}

}  // namespace runnel::delivery
