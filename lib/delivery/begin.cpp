#include <runnel/delivery/begin.hpp>

#include <set>

namespace runnel::delivery {
namespace {

Gap skip_gap(Reset reset, const Known& known, std::int64_t wanted) {
  // Below the log: retention. Beyond it: the topic was made anew or its log was cut; its records are other
  // ones.
  const bool at_end = wanted > known.high && reset == Reset::latest;
  return {known.partition, wanted, at_end ? known.high : known.low};
}

}  // namespace

Beginning begin(Reset reset, std::span<const Partition> assigned, std::span<const Known> known) {
  const std::set<Partition> ours_now(assigned.begin(), assigned.end());
  std::set<std::string> topics_with_position;
  for (const auto& k : known)
    if (k.committed) topics_with_position.insert(k.partition.topic);

  Beginning result;
  for (const auto& k : known) {
    const bool ours = ours_now.contains(k.partition);
    if (k.committed) {
      if (!ours) continue;
      const bool held = *k.committed >= k.low && *k.committed <= k.high;
      if (held) {
        result.read[k.partition] = *k.committed;
        continue;
      }
      // Committed at once: a log that was made anew may grow past the old position, which then looks held.
      const auto gap = skip_gap(reset, k, *k.committed);
      result.read[k.partition] = result.commit[k.partition] = gap.begin;
      result.gaps.push_back(gap);
    } else if (reset == Reset::error) {
      if (ours) result.refused.push_back(k.partition);
    } else {
      const bool at_end = reset == Reset::latest && !topics_with_position.contains(k.partition.topic);
      if (!ours && !at_end) continue;
      const auto position = at_end ? k.high : k.low;
      result.commit[k.partition] = position;
      if (ours) result.read[k.partition] = position;
    }
  }
  return result;
}

}  // namespace runnel::delivery
