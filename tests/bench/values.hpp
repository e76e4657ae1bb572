#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>

namespace runnel::bench {

/// The values of the bench's records: ten digits, the record's number, and then text that hardly compresses
/// and that JSON writes as it is. A value follows from its number, so whoever reads it can check every byte.
class Values {
 public:
  static constexpr std::size_t digits = 10;

  explicit Values(std::size_t size) : size_(size) {
    static constexpr std::string_view letters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-";
    std::mt19937 random(1);
    for (auto& each : text_) each = letters[random() % letters.size()];
  }

  std::size_t size() const { return size_; }

  void write(std::uint64_t number, char* out) const {
    auto rest = number;
    for (std::size_t i = digits; i-- > 0; rest /= 10) out[i] = static_cast<char>('0' + rest % 10);
    std::memcpy(out + digits, text_of(number), size_ - digits);
  }

  /// Whether this is a value that write() made; then `number` is its number.
  bool read(std::string_view value, std::uint64_t& number) const {
    if (value.size() != size_) return false;
    number = 0;
    for (const char each : value.substr(0, digits)) {
      if (each < '0' || each > '9') return false;
      number = number * 10 + static_cast<std::uint64_t>(each - '0');
    }
    return std::memcmp(value.data() + digits, text_of(number), size_ - digits) == 0;
  }

 private:
  const char* text_of(std::uint64_t number) const {
    return text_.data() + number * 40503 % (text_.size() - size_);
  }

  std::size_t size_;
  std::string text_ = std::string(1 << 16, ' ');
};

}  // namespace runnel::bench
