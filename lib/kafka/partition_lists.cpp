#include "partition_lists.hpp"

#include <cstring>

namespace runnel::kafka {
namespace {

using delivery::Partition;

PartitionList make_list(std::size_t size) {
  return PartitionList(rd_kafka_topic_partition_list_new(static_cast<int>(size)));
}

rd_kafka_topic_partition_t& add(PartitionList& list, const Partition& partition, std::int64_t offset) {
  auto* entry = rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.number);
  entry->offset = offset;
  return *entry;
}

}  // namespace

std::vector<Partition> to_vector(const rd_kafka_topic_partition_list_t& list) {
  std::vector<Partition> result;
  for (int i = 0; i < list.cnt; ++i) result.push_back({list.elems[i].topic, list.elems[i].partition});
  return result;
}

PartitionList to_list(const std::set<Partition>& partitions, std::int64_t offset) {
  auto list = make_list(partitions.size());
  for (const auto& partition : partitions) add(list, partition, offset);
  return list;
}

PartitionList to_list(const delivery::Positions& positions) {
  auto list = make_list(positions.size());
  for (const auto& [partition, position] : positions) add(list, partition, position);
  return list;
}

PartitionList to_list(const delivery::Commits& commits) {
  auto list = make_list(commits.size());
  for (const auto& [partition, commit] : commits) {
    auto& entry = add(list, partition, commit.next);
    if (commit.metadata.empty()) continue;
    entry.metadata = ::strdup(commit.metadata.c_str());  // the list frees it
    entry.metadata_size = commit.metadata.size();
  }
  return list;
}

}  // namespace runnel::kafka
