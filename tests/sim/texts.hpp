#pragma once

#include <runnel/delivery/record.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// What stands in the records, so that a line of a file tells which record it is, and whether it is whole.
namespace runnel::sim {

/// A record as a line of a file tells it.
struct Line {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  int move = 0;  // how often an operator had moved the partition's position when it was read

  bool operator==(const Line&) const = default;
};

std::string to_text(const Line& line);

/// None: it is not one of ours, or is mixed or torn.
std::optional<Line> line_in(std::string_view text);

/// Some offsets of a log have no record, as after a compaction.
constexpr bool has_record(std::int64_t offset) {
  return offset % 11 != 7;
}

}  // namespace runnel::sim
