#pragma once

#include "broker.hpp"
#include "texts.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What must hold, as functions of what stands on the disks and in the group. Each gives the first breach as a
// sentence, or nothing.
namespace runnel::sim {

using Breach = std::optional<std::string>;

/// All files of one sink, of all processes, by their path.
using Files = std::map<std::string, std::string>;

/// Whole lines, each a record, in the order of the log; at most the last one is not whole yet. Holds at each
/// write.
Breach in_order(const std::string& path, std::string_view bytes);

/// What is committed of a partition.
struct Stand {
  std::int32_t partition = 0;
  int move = 0;           // of the operator
  std::int64_t base = 0;  // where it was moved to
  std::int64_t next = 0;
};

/// Each record below what is committed stands in the files that no loss of power can take. Always holds.
Breach committed_is_durable(const std::vector<Stand>& stands, const Files& durable);

/// Each record stands exactly once, in whole lines. Holds when all was delivered, and each process was in the
/// group again. `next`: the end of the log.
Breach exactly_once(const std::vector<Stand>& stands, const Files& files);

}  // namespace runnel::sim
