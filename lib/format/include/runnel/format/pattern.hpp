#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::format {

/// What is wrong with a pattern: one sentence that names the token or the escape.
class PatternError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// How a record is to be written, in the language of kcat's -f: text with tokens (`%s`, `%k`, …) and escapes
/// (`\n`, `\x1b`, …).
///
/// Means the very bytes that kcat 1.7.1 writes for the same text. What kcat garbles without a word is refused
/// instead (`\e`, a number that is no byte), or does what was meant (`\xff`; a zero byte, where kcat ends).
class Pattern {
 public:
  enum class What {
    text,
    value,
    value_size,
    value_size_in_4_bytes,
    key,
    key_size,
    timestamp,
    headers,
    topic,
    partition,
    offset,
  };
  struct Piece {
    What what = What::text;
    std::string text = {};

    bool operator==(const Piece&) const = default;
  };

  Pattern() = default;  // of no pieces

  /// Errors: PatternError for a token or an escape that there is not, and for a text that is empty.
  explicit Pattern(std::string_view text);

  /// In their order; no two texts follow each other.
  const std::vector<Piece>& pieces() const { return pieces_; }

 private:
  void add_text(std::string_view text);

  std::vector<Piece> pieces_;
};

}  // namespace runnel::format
