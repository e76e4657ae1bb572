#pragma once

#include "handles.hpp"

#include <runnel/flow/source.hpp>

#include <set>
#include <vector>

namespace runnel::kafka {

/// As Source::look_up(). Errors: std::runtime_error with the reason. Blocks for up to 10 s a question: call
/// it on a worker.
flow::LookedUp look_up(rd_kafka_t* handle, const std::vector<delivery::Partition>& partitions, bool siblings,
                       const std::set<delivery::Partition>& others);

}  // namespace runnel::kafka
