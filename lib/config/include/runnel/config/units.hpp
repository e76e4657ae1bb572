#pragma once

#include <runnel/config/field.hpp>

#include <optional>
#include <string>
#include <string_view>

// Durations, sizes and file modes as they stand in a configuration.
namespace runnel::config {

/// A whole number and ms, s, m, h or d. nullopt: it is not that, or larger than a Duration can be.
std::optional<Duration> parse_duration(std::string_view text);

/// A whole number and B, kB, MB, GB (powers of 1000) or KiB, MiB, GiB, TiB (of 1024).
std::optional<Size> parse_size(std::string_view text);

/// Three octal digits, with or without a 0 before them.
std::optional<Mode> parse_mode(std::string_view text);

/// The shortest text that reads back as the same value.
std::string to_text(Duration value);
std::string to_text(Size value);
std::string to_text(Mode value);

}  // namespace runnel::config
