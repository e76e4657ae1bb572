#pragma once

#include "pen.hpp"

#include <string_view>

namespace runnel::format {

/// Appends the bytes in base64 (RFC 4648, padded).
void append_base64(std::string_view bytes, Pen& pen);

}  // namespace runnel::format
