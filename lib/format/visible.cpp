#include "formatters.hpp"
#include "utf8.hpp"

#include <runnel/format/visible.hpp>

#include <utility>

namespace runnel::format {
namespace {

constexpr char hex[] = "0123456789abcdef";

void append_hex(const char* prefix, unsigned char byte, std::string& out) {
  out.append(prefix);
  out.push_back(hex[byte >> 4]);
  out.push_back(hex[byte & 15]);
}

bool breaks(unsigned char byte) {
  return byte == '\n' || byte == '\t';
}

// U+202A to U+202E and U+2066 to U+2069 turn the order of what is shown after them.
bool turns(std::string_view character) {
  const auto in = [&](std::string_view begin, char first, char last) {
    return character.starts_with(begin) && character[2] >= first && character[2] <= last;
  };
  return in("\xe2\x80", '\xaa', '\xae') || in("\xe2\x81", '\xa6', '\xa9');
}

void append(std::string_view text, bool with_breaks, std::string& out) {
  while (!text.empty()) {
    const auto length = utf8_sequence(text);
    const auto byte = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      append_hex("\\x", byte, out);
    } else if (length == 1 && (byte < 0x20 || byte == 0x7f) && !(with_breaks && breaks(byte))) {
      append_hex("\\u00", byte, out);
    } else if (length == 2 && byte == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0) {
      append_hex("\\u00", static_cast<unsigned char>(text[1]), out);
    } else if (length == 3 && turns(text)) {
      append_hex("\\u20", static_cast<unsigned char>((text[1] & 3) << 6 | (text[2] & 0x3f)), out);
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

class Visible final : public Formatter {
 public:
  explicit Visible(std::unique_ptr<Formatter> inner) : inner_(std::move(inner)) {}

  std::size_t append(std::span<const delivery::Record> records, std::string& out,
                     std::size_t enough) override {
    bytes_.clear();
    const auto taken = inner_->append(records, bytes_, enough - std::min(enough, out.size()));
    append_visible(bytes_, out);
    return taken;
  }

  bool wants_headers() const override { return inner_->wants_headers(); }

 private:
  std::unique_ptr<Formatter> inner_;
  std::string bytes_;
};

}  // namespace

void append_visible(std::string_view text, std::string& out) {
  append(text, true, out);
}

void append_visible_in_line(std::string_view text, std::string& out) {
  append(text, false, out);
}

std::unique_ptr<Formatter> make_visible(const Format& format) {
  if (format.kind == Kind::pattern) return make_pattern(format.pattern, true);
  return std::make_unique<Visible>(make_formatter(format));
}

}  // namespace runnel::format
