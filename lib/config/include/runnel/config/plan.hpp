#pragma once

#include <runnel/config/config.hpp>

#include <string>
#include <vector>

namespace runnel::config {

enum class Change { unchanged, adjusted, replaced, added, removed };

/// What becomes of one part when another configuration takes the place of the running one.
struct Planned {
  std::string part;  // "consumer.NAME", "producer.NAME", or "runnel"
  Change change = Change::unchanged;
  std::vector<std::string> keys =
      {};  // that differ, as an operator would write them; of adjusted and replaced

  bool operator==(const Planned&) const = default;
};

/// The steps of a reload, in the order of their names: first "runnel", then consumers, then producers.
///
/// A part is adjusted in place when nothing but fields marked so differ. A sink is a part of each consumer
/// that names it, and `runnel.memory` of each consumer.
std::vector<Planned> plan(const Config& running, const Config& next);

/// Whether a part of one configuration and a part of another may write the same file: two of their paths are
/// alike, so far as they hold no placeholder. Links are not looked at.
bool may_share_a_file(const Config& one, const std::string& part, const Config& other,
                      const std::string& other_part);

/// A line for each part that changes, with the keys, and one with the number of those that do not.
std::vector<std::string> to_lines(const std::vector<Planned>& plan);

}  // namespace runnel::config
