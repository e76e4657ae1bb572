#pragma once

#include <runnel/delivery/record.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

// Where a partition is read from after an assignment (delivery rule 8). librdkafka's own reset is switched
// off.
namespace runnel::delivery {

/// The configured auto.offset.reset.
enum class Reset { earliest, latest, error };

/// What the group and the log say about a partition.
struct Known {
  Partition partition;
  std::optional<std::int64_t> committed;
  std::string metadata;   // of the committed offset
  std::int64_t low = 0;   // the oldest offset in the log
  std::int64_t high = 0;  // the offset that the next record will get
};

/// A position that the log no longer holds.
struct Gap {
  Partition partition;
  std::int64_t wanted = 0;
  std::int64_t begin = 0;  // where reading goes on
};

struct Beginning {
  Positions read;    // one for each assigned partition
  Positions commit;  // positions that the group does not have yet, or has wrong; to be committed before the
                     // first record
  std::vector<Gap> gaps;
  std::vector<Partition> refused;  // reset is `error`, and there is no position
};

/// `known` holds the assigned partitions and, when reset is `latest`, all others of their topics.
///
/// `latest` holds for the partitions that exist when the group has no position in the topic at all: they all
/// get their end as position, the ones assigned to other members too, so that a partition without a position
/// is known later to be a new one, which begins at its beginning.
Beginning begin(Reset reset, std::span<const Partition> assigned, std::span<const Known> known);

}  // namespace runnel::delivery
