#include <runnel/config/units.hpp>

#include <array>
#include <charconv>
#include <limits>
#include <ranges>
#include <span>

namespace runnel::config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::array<Unit, 5> durations{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 9> sizes{{{"B", 1},
                                     {"KB", 1'000},
                                     {"kB", 1'000},
                                     {"MB", 1'000'000},
                                     {"GB", 1'000'000'000},
                                     {"KiB", 1LL << 10},
                                     {"MiB", 1LL << 20},
                                     {"GiB", 1LL << 30},
                                     {"TiB", 1LL << 40}}};

std::optional<std::int64_t> parse(std::string_view text, std::span<const Unit> units) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  const auto name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& unit : units) {
    if (unit.name != name) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

/// In the largest unit that leaves no remainder; of units that stand in rising order.
std::string print(std::int64_t value, std::span<const Unit> units) {
  for (const auto& unit : units | std::views::reverse) {
    if (value != 0 && value % unit.factor == 0) {
      return std::to_string(value / unit.factor).append(unit.name);
    }
  }
  return "0" + std::string(units.front().name);
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  const auto count = parse(text, durations);
  return count ? std::optional(Duration(*count)) : std::nullopt;
}

std::optional<Size> parse_size(std::string_view text) {
  const auto count = parse(text, sizes);
  return count ? std::optional(Size{static_cast<std::uint64_t>(*count)}) : std::nullopt;
}

std::optional<Mode> parse_mode(std::string_view text) {
  if (text.size() == 4 && text.front() == '0') text.remove_prefix(1);
  if (text.size() != 3 || text.find_first_not_of("01234567") != text.npos) return std::nullopt;
  unsigned bits = 0;
  for (const auto digit : text) bits = bits * 8 + static_cast<unsigned>(digit - '0');
  return Mode{bits};
}

std::string to_text(Duration value) {
  return print(value.count(), durations);
}

std::string to_text(Size value) {
  return print(static_cast<std::int64_t>(value.bytes), sizes);
}

std::string to_text(Mode value) {
  std::string text = "0";
  for (const unsigned shift : {6U, 3U, 0U}) text += static_cast<char>('0' + ((value.bits >> shift) & 7U));
  return text;
}

}  // namespace runnel::config
