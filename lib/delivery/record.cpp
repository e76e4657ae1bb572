#include <runnel/delivery/record.hpp>

#include <algorithm>
#include <iterator>
#include <vector>

namespace runnel::delivery {

Batch without(const Batch& batch, const std::set<Partition>& gone) {
  struct Rest {
    std::vector<Record> records;
    std::vector<Reached> reached;
    std::shared_ptr<const void> owner;
  };
  auto rest = std::make_shared<Rest>();
  rest->owner = batch.owner;
  const auto stays = [&](const auto& each) { return !gone.contains(*each.partition); };
  std::ranges::copy_if(batch.records, std::back_inserter(rest->records), stays);
  std::ranges::copy_if(batch.reached, std::back_inserter(rest->reached), stays);
  std::size_t bytes = 0;
  for (const auto& record : rest->records)
    bytes += record.key.value_or("").size() + record.value.value_or("").size();
  return {rest->records, rest->reached, bytes, rest};
}

}  // namespace runnel::delivery
