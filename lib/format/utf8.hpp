#pragma once

#include <cstddef>
#include <string_view>

namespace runnel::format {

/// How many bytes the well-formed UTF-8 sequence at the front of `text` (not empty) has; 0: there is none.
/// Strict: nothing overlong, no surrogates, nothing beyond U+10FFFF (Unicode, table 3-7).
std::size_t utf8_sequence(std::string_view text);

bool valid_utf8(std::string_view text);

}  // namespace runnel::format
