#include "base64.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace runnel::format {

void append_base64(std::string_view bytes, Pen& pen) {
  static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0;
  };
  const auto size = (bytes.size() + 2) / 3 * 4;
  char* at = pen.room(size);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (const int shift : {18, 12, 6, 0}) *at++ = digits[group >> shift & 63];
  }
  std::fill(at - (3 - bytes.size() % 3) % 3, at, '=');
  pen.wrote(size);
}

}  // namespace runnel::format
