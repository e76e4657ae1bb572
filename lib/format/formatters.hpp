#pragma once

#include <runnel/format/formatter.hpp>

// What make_formatter() chooses from.
namespace runnel::format {

/// The value and a newline; a null value is an empty line, as kcat prints it.
std::unique_ptr<Formatter> make_raw();

/// One JSON object a line.
std::unique_ptr<Formatter> make_json(bool embed);

}  // namespace runnel::format
