#pragma once

#include <runnel/format/formatter.hpp>

// What make_formatter() chooses from.
namespace runnel::format {

/// The value and a newline; a null value is an empty line, as kcat prints it.
std::unique_ptr<Formatter> make_raw();

/// One JSON object a line.
std::unique_ptr<Formatter> make_json(bool embed);

/// What a pattern says. On a terminal nothing that a record brings can look like the pattern's own text or
/// steer the terminal.
std::unique_ptr<Formatter> make_pattern(const Pattern& pattern, bool for_terminal);

}  // namespace runnel::format
