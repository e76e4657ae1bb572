#include <runnel/telemetry/mask.hpp>

#include <algorithm>
#include <cstddef>

namespace runnel::telemetry {
namespace {

constexpr std::size_t shortest = 4;
constexpr std::size_t piece = 8;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const auto begin = text.find_first_not_of(blank);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

}  // namespace

void Mask::add(const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets) {
    const auto text = trimmed(secret);
    if (text.size() >= shortest && text.size() <= piece) whole_.emplace_back(text);
    for (std::size_t at = 0; text.size() > piece && at + piece <= text.size(); ++at)
      pieces_.emplace(text.substr(at, piece));
  }
}

std::string Mask::operator()(std::string_view text) const {
  std::string out;
  std::size_t hidden = 0;  // so many bytes of what comes are
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto length = length_at(text.substr(at));
    if (hidden == 0 && length > 0) out += "(hidden)";
    hidden = std::max(hidden, length);
    if (hidden > 0)
      --hidden;
    else
      out += text[at];
  }
  return out;
}

// Of the secret, or the piece of one, that the text begins with; 0: there is none.
std::size_t Mask::length_at(std::string_view text) const {
  for (const auto& secret : whole_)
    if (text.starts_with(secret)) return secret.size();
  if (pieces_.empty() || text.size() < piece) return 0;
  return pieces_.contains(std::string(text.substr(0, piece))) ? piece : 0;
}

}  // namespace runnel::telemetry
