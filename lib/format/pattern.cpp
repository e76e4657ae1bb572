#include "formatters.hpp"
#include "pen.hpp"
#include "utf8.hpp"

#include <runnel/format/pattern.hpp>
#include <runnel/format/visible.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>
#include <utility>

namespace runnel::format {
namespace {

using delivery::Bytes;
using delivery::Record;
using What = Pattern::What;

struct Token {
  char letter;
  What what;
  std::string_view meaning;
};

constexpr std::array<Token, 10> tokens{{
    {'s', What::value, "value"},
    {'S', What::value_size, "its size (-1: null)"},
    {'R', What::value_size_in_4_bytes, "its size in 4 bytes"},
    {'k', What::key, "key"},
    {'K', What::key_size, "its size (-1: null)"},
    {'T', What::timestamp, "timestamp in ms"},
    {'h', What::headers, "headers"},
    {'t', What::topic, "topic"},
    {'p', What::partition, "partition"},
    {'o', What::offset, "offset"},
}};

std::string known_tokens() {
  std::string out = "; there are ";
  for (const auto& [letter, what, meaning] : tokens) {
    out.append("%").append(1, letter).append(" ").append(meaning).append(", ");
  }
  return out + "%% for a %";
}

constexpr std::string_view known_escapes =
    R"(; there are \n, \r, \t, \\ and \xHH (a byte in hexadecimal, at most ff))";

// For a message: the character that `text` (not empty) begins with.
std::string first_character(std::string_view text) {
  std::string shown;
  append_visible(text.substr(0, std::max<std::size_t>(1, utf8_sequence(text))), shown);
  return shown;
}

// <cctype> asks the locale.
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

struct Escape {
  char byte;
  std::size_t length;  // with its backslash
};

// As kcat does, by strtoul(3): all the digits that follow; base 0 is octal behind a 0, and decimal otherwise.
Escape read_number(std::string_view escape, std::size_t begin, int base) {
  const auto prefix = escape.substr(begin, 2);
  const bool prefixed = prefix == "0x" || prefix == "0X";
  if (base == 0) base = prefix.starts_with('0') ? 8 : 10;
  const auto* end = escape.data() + escape.size();
  unsigned number = 0;
  std::from_chars_result read{};
  if (prefixed) read = std::from_chars(escape.data() + begin + 2, end, number, 16);
  if (!prefixed || read.ec == std::errc::invalid_argument)
    read = std::from_chars(escape.data() + begin, end, number, base);
  const auto length = static_cast<std::size_t>(read.ptr - escape.data());
  if (read.ec == std::errc::invalid_argument)
    throw PatternError(R"(\x is followed by no hexadecimal digit)" + std::string(known_escapes));
  if (read.ec != std::errc() || number > 0xff) {
    throw PatternError(std::string(escape.substr(0, length)) +
                       " is no byte (all digits that follow belong to it)" + std::string(known_escapes));
  }
  return {static_cast<char>(number), length};
}

// What a text that begins with a backslash begins with.
Escape read_escape(std::string_view text) {
  if (text.size() == 1 || text[1] == '%') return {'\\', 1};
  switch (const char c = text[1]) {
    case 'n':
      return {'\n', 2};
    case 'r':
      return {'\r', 2};
    case 't':
      return {'\t', 2};
    case 'x':
      return read_number(text, 2, 16);
    default:
      if (is_digit(c)) return read_number(text, 1, 0);
      if (is_letter(c))
        throw PatternError(std::string("there is no escape \\") + c + std::string(known_escapes));
      return {c, 2};
  }
}

What read_token(std::string_view text) {
  if (text.size() == 1) throw PatternError("it ends in a lone %" + known_tokens());
  const auto token = std::ranges::find(tokens, text[1], &Token::letter);
  if (token == tokens.end())
    throw PatternError("there is no token %" + first_character(text.substr(1)) + known_tokens());
  return token->what;
}

std::int64_t size_of(const Bytes& bytes) {
  return bytes ? static_cast<std::int64_t>(bytes->size()) : -1;
}

/// On a terminal what the pattern says goes out as it is, and nothing that a record brings can look like it
/// or steer the terminal.
class PatternFormatter final : public Formatter {
 public:
  PatternFormatter(Pattern pattern, bool for_terminal)
      : pattern_(std::move(pattern)), for_terminal_(for_terminal) {}

  std::size_t append(std::span<const Record> records, std::string& out, std::size_t enough) override {
    Pen pen(out);
    std::size_t taken = 0;
    for (const auto& record : records) {
      for (const auto& piece : pattern_.pieces()) append_piece(piece, record, pen);
      ++taken;
      if (pen.used() >= enough) break;
    }
    return taken;
  }

  bool wants_headers() const override {
    return std::ranges::find(pattern_.pieces(), What::headers, &Pattern::Piece::what) !=
           pattern_.pieces().end();
  }

 private:
  void append_piece(const Pattern::Piece& piece, const Record& record, Pen& pen) {
    switch (piece.what) {
      case What::text:
        return pen.text(piece.text);
      case What::value:
        return append_bytes(record.value, pen);
      case What::value_size:
        return pen.number(size_of(record.value));
      case What::value_size_in_4_bytes:
        return append_in_4_bytes(size_of(record.value), pen);
      case What::key:
        return append_bytes(record.key, pen);
      case What::key_size:
        return pen.number(size_of(record.key));
      case What::timestamp:
        return pen.number(record.timestamp_ms);
      case What::headers:
        return append_headers(record.headers, pen);
      case What::topic:
        return append_bytes(record.partition->topic, pen);
      case What::partition:
        return pen.number(record.partition->number);
      case What::offset:
        return pen.number(record.offset);
    }
  }

  void append_bytes(const Bytes& bytes, Pen& pen) {
    if (!bytes || bytes->empty()) return;
    if (!for_terminal_) return pen.text(*bytes);
    shown_.clear();
    append_visible_in_line(*bytes, shown_);
    pen.text(shown_);
  }

  // The most significant byte first.
  void append_in_4_bytes(std::int64_t number, Pen& pen) {
    std::array<char, 4> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<char>(static_cast<std::uint64_t>(number) >> (24 - 8 * i));
    append_bytes(std::string_view(bytes.data(), bytes.size()), pen);
  }

  void append_headers(std::span<const delivery::Header> headers, Pen& pen) {
    for (const auto& header : headers) {
      if (&header != headers.data()) pen.literal(",");
      append_bytes(header.name, pen);
      pen.literal("=");
      append_bytes(header.value ? header.value : "NULL", pen);
    }
  }

  const Pattern pattern_;
  const bool for_terminal_;
  std::string shown_;
};

}  // namespace

Pattern::Pattern(std::string_view text) {
  if (text.empty()) throw PatternError("it is empty, so that nothing would be written" + known_tokens());
  while (!text.empty()) {
    const auto plain = std::min(text.find_first_of("%\\"), text.size());
    add_text(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.starts_with('\\')) {
      const auto [byte, length] = read_escape(text);
      add_text({&byte, 1});
      text.remove_prefix(length);
    } else if (text.starts_with("%%")) {
      add_text("%");
      text.remove_prefix(2);
    } else if (!text.empty()) {
      pieces_.push_back({read_token(text)});
      text.remove_prefix(2);
    }
  }
}

void Pattern::add_text(std::string_view text) {
  if (text.empty()) return;
  if (pieces_.empty() || pieces_.back().what != What::text) pieces_.emplace_back();
  pieces_.back().text += text;
}

std::unique_ptr<Formatter> make_pattern(const Pattern& pattern, bool for_terminal) {
  return std::make_unique<PatternFormatter>(pattern, for_terminal);
}

}  // namespace runnel::format
