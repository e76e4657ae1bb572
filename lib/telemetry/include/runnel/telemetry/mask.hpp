#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace runnel::telemetry {

/// Hides secrets in a text: each of them, and every longer piece of one, since who quotes a secret may quote
/// its end alone (librdkafka does, from where it cannot parse on) or may cut it off.
///
/// A secret of fewer than 4 characters is not hidden: every e of the log would be one.
class Mask {
 public:
  explicit Mask(const std::vector<std::string>& secrets = {}) { add(secrets); }

  /// Hides these, too.
  void add(const std::vector<std::string>& secrets);

  /// `text` with "(hidden)" for each.
  std::string operator()(std::string_view text) const;

 private:
  std::size_t length_at(std::string_view text) const;

  std::vector<std::string> whole_;          // too short to have pieces
  std::unordered_set<std::string> pieces_;  // every one of that length
};

}  // namespace runnel::telemetry
