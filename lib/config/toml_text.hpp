#pragma once

#include <string>
#include <string_view>

namespace runnel::config {

/// As a TOML string in double quotes.
std::string quoted(std::string_view text);

}  // namespace runnel::config
