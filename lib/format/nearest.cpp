#include <runnel/format/nearest.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

namespace runnel::format {
namespace {

/// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  std::string_view best;
  // A third of the word may be wrong, and in a short word two letters; more is another word.
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto candidate : known) {
    const auto d = distance(word, candidate);
    if (d < least && d < candidate.size()) {
      least = d;
      best = candidate;
    }
  }
  return best;
}

std::string suggestion(std::string_view word, std::span<const std::string_view> known) {
  std::string out;
  if (const auto near = nearest(word, known); !near.empty()) {
    out.append("; did you mean ").append(near).append("?");
  } else {
    out.append(".");
  }
  out.append(" Known here: ");
  for (const auto candidate : known) out.append(candidate).append(", ");
  out.resize(out.size() - 2);
  return out;
}

}  // namespace runnel::format
