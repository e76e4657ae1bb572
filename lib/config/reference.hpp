#pragma once

#include "document.hpp"

#include <string>

namespace runnel::config {

/// A string of the configuration.
struct Text {
  std::string value;
  std::string reference;  // as TOML, when the string came from elsewhere; then the value is never printed

  /// For messages: the value in quotes, or where it came from.
  std::string shown() const;

  /// As TOML that reads as the same.
  std::string toml() const;
};

/// Reads a string, which may stand elsewhere: `{ file = "…" }` (without one newline at its end),
/// `{ env = "…" }`, or `{ credential = "…" }` of systemd.
/// Errors: Error, with `key`, for anything else and for what cannot be read.
Text read_text(const Node& node, const std::string& key, std::string_view expected);

}  // namespace runnel::config
