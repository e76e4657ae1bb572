#pragma once

#include <runnel/format/formatter.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace runnel::format {

/// Appends `text` as it may be shown on a terminal: a control character other than newline and tab (C0, DEL,
/// C1) becomes \uXXXX, a byte that is not UTF-8 becomes \xXX. JSON stays JSON.
void append_visible(std::string_view text, std::string& out);

/// A formatter whose output can steer no terminal.
std::unique_ptr<Formatter> make_visible(std::unique_ptr<Formatter> inner);

}  // namespace runnel::format
