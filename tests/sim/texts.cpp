#include "texts.hpp"

#include <runnel/delivery/words.hpp>

namespace runnel::sim {

// The rest of a line follows from its beginning, so that no two torn lines make a whole one.
std::string to_text(const Line& line) {
  const auto begin = std::to_string(line.partition) + ' ' + std::to_string(line.offset) + ' ' +
                     std::to_string(line.move) + ' ';
  const auto mix =
      static_cast<std::uint64_t>(line.offset * 31 + line.partition * 7 + line.move) * 0x9e3779b97f4a7c15;
  std::string text = begin;
  for (std::uint64_t i = 0; i < 3 + (mix >> 60); ++i) text += static_cast<char>('a' + (mix >> (i * 3)) % 26);
  return text;
}

std::optional<Line> line_in(std::string_view text) {
  auto rest = text;
  const auto partition = delivery::number_in<std::int32_t>(delivery::take_word(rest));
  const auto offset = delivery::number_in<std::int64_t>(delivery::take_word(rest));
  const auto move = delivery::number_in<int>(delivery::take_word(rest));
  if (!partition || !offset || !move) return std::nullopt;
  const Line line{*partition, *offset, *move};
  return to_text(line) == text ? std::optional(line) : std::nullopt;
}

}  // namespace runnel::sim
