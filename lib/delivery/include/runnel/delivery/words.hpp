#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>

// Numbers in the ledger's and the metadata's text.
namespace runnel::delivery {

/// All digits of the type, so that it always has the same length.
template <std::unsigned_integral Number>
std::string to_hex(Number number) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(2 * sizeof(number), '0');
  for (auto place = text.rbegin(); place != text.rend(); ++place, number /= 16) *place = digits[number % 16];
  return text;
}

/// None when the text is anything but the number.
template <std::integral Number>
std::optional<Number> number_in(std::string_view text, int base = 10) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Takes the text up to the next `mark`, or all of it, and the mark.
inline std::string_view take_word(std::string_view& text, char mark = ' ') {
  const auto at = text.find(mark);
  const auto word = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return word;
}

}  // namespace runnel::delivery
