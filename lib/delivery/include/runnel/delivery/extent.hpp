#pragma once

#include <runnel/delivery/record.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace runnel::delivery {

/// How long one output file was at a checkpoint: what a sink asks to be remembered, and is later cut back to.
struct Extent {
  std::string file;
  std::uint64_t length = 0;           // bytes
  std::vector<Partition> partitions;  // whose records the file holds

  bool operator==(const Extent&) const = default;
};

}  // namespace runnel::delivery
