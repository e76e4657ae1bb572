#include "topics.hpp"

#include <regex.h>

#include <array>
#include <optional>

namespace runnel::config {
namespace {

class Regex {
 public:
  explicit Regex(const std::string& pattern)
      : code_(::regcomp(&regex_, pattern.c_str(), REG_EXTENDED | REG_NOSUB)) {}
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;
  ~Regex() {
    if (code_ == 0) ::regfree(&regex_);
  }

  std::string error() const {
    if (code_ == 0) return {};
    std::array<char, 256> text{};
    ::regerror(code_, &regex_, text.data(), text.size());
    return text.data();
  }
  bool matches(const std::string& text) const {
    return code_ == 0 && ::regexec(&regex_, text.c_str(), 0, nullptr, 0) == 0;
  }

 private:
  regex_t regex_{};
  int code_;
};

}  // namespace

bool is_pattern(std::string_view topic) {
  return topic.starts_with('^');
}

std::string wrong_topic(std::string_view name) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (name.empty()) return "the name of a topic cannot be empty";
  if (name.size() > 249) return "the name of a topic has at most 249 characters";
  if (name == "." || name == "..") return "a topic cannot be called . or ..";
  if (name.find_first_not_of(allowed) != name.npos) {
    return "the name of a topic holds letters, digits, dots, underscores and hyphens only";
  }
  return {};
}

std::string wrong_pattern(const std::string& pattern) {
  if (pattern.find('\0') != pattern.npos) return "it holds a NUL character";
  return Regex(pattern).error();
}

bool matches(const std::string& pattern, const std::string& topic) {
  return Regex(pattern).matches(topic);
}

}  // namespace runnel::config
