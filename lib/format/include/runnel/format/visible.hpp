#pragma once

#include <runnel/format/formatter.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace runnel::format {

/// Appends `text` as it may be shown on a terminal: a control character other than newline and tab (C0, DEL,
/// C1) becomes \uXXXX, a byte that is not UTF-8 becomes \xXX. JSON stays JSON.
void append_visible(std::string_view text, std::string& out);

/// The same, with newline and tab as \uXXXX too: for what stands among other things in a line.
void append_visible_in_line(std::string_view text, std::string& out);

/// A formatter for a terminal: no record can steer it. A pattern's own text goes out as it is, and a record
/// can begin no line in it.
std::unique_ptr<Formatter> make_visible(const Format& format);

}  // namespace runnel::format
