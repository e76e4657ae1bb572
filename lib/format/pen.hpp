#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace runnel::format {

/// Writes at the end of a string without a call for each piece: the string is made larger in large steps, and
/// is exactly as long as what was written once the pen is gone.
class Pen {
 public:
  explicit Pen(std::string& out) : out_(out), used_(out.size()) {}
  Pen(const Pen&) = delete;
  Pen& operator=(const Pen&) = delete;
  ~Pen() { out_.resize(used_); }

  std::size_t used() const { return used_; }

  /// Room for so many bytes; then: so many of them were written.
  char* room(std::size_t size) {
    if (out_.size() - used_ < size) out_.resize(used_ + size + std::max(step, used_));
    return out_.data() + used_;
  }
  void wrote(std::size_t size) { used_ += size; }

  template <std::size_t n>
  void literal(const char (&text)[n]) {
    std::memcpy(room(n - 1), text, n - 1);
    used_ += n - 1;
  }

  void text(std::string_view text) {
    std::memcpy(room(text.size()), text.data(), text.size());
    used_ += text.size();
  }

  void number(std::int64_t number) {
    constexpr std::size_t most = 20;
    char* at = room(most);
    used_ += static_cast<std::size_t>(std::to_chars(at, at + most, number).ptr - at);
  }

 private:
  static constexpr std::size_t step = 4096;

  std::string& out_;
  std::size_t used_;
};

}  // namespace runnel::format
