#pragma once

#include "handles.hpp"

#include <runnel/delivery/begin.hpp>

#include <set>
#include <vector>

// Between librdkafka's lists of partitions and our values.
namespace runnel::kafka {

std::vector<delivery::Partition> to_vector(const rd_kafka_topic_partition_list_t& list);

/// Each with the same offset.
PartitionList to_list(const std::set<delivery::Partition>& partitions,
                      std::int64_t offset = RD_KAFKA_OFFSET_INVALID);
PartitionList to_list(const delivery::Positions& positions);
PartitionList to_list(const delivery::Commits& commits);

}  // namespace runnel::kafka
