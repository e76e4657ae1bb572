#pragma once

#include "handles.hpp"

#include <runnel/delivery/begin.hpp>

#include <vector>

namespace runnel::kafka {

/// Asks the brokers for committed offsets and the ends of the log; with `siblings` for all partitions of the
/// topics. Errors: std::runtime_error with the reason. Blocks for up to 10 s a question: call it on a worker.
std::vector<delivery::Known> look_up(rd_kafka_t* handle, const std::vector<delivery::Partition>& partitions,
                                     bool siblings);

}  // namespace runnel::kafka
