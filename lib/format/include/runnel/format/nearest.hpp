#pragma once

#include <span>
#include <string>
#include <string_view>

namespace runnel::format {

/// The known word that `word` was most likely meant to be; empty when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

/// The tail of a message that refuses `word`: "; did you mean X? Known here: A, B, C".
std::string suggestion(std::string_view word, std::span<const std::string_view> known);

}  // namespace runnel::format
