#include "oracle.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace runnel::sim {
namespace {

// Calls `each` with the lines that are whole; the answer is what comes behind the last one.
std::string_view lines(std::string_view bytes, const auto& each) {
  for (auto end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
    each(line_in(bytes.substr(0, end)));
    bytes.remove_prefix(end + 1);
  }
  return bytes;
}

using Counts = std::map<std::int32_t, std::map<std::int64_t, int>>;

Counts count(const std::vector<Stand>& stands, const Files& files) {
  std::map<std::int32_t, int> moves;
  for (const auto& stand : stands) moves[stand.partition] = stand.move;
  Counts counts;
  for (const auto& [path, bytes] : files)
    lines(bytes, [&](const std::optional<Line>& line) {
      if (line && line->move == moves[line->partition]) ++counts[line->partition][line->offset];
    });
  return counts;
}

}  // namespace

Breach in_order(const std::string& path, std::string_view bytes) {
  std::map<std::int32_t, std::pair<int, std::int64_t>> last;
  Breach breach;
  const auto rest = lines(bytes, [&](const std::optional<Line>& line) {
    if (breach) return;
    if (!line) {
      breach = fmt::format("{}: a torn line stays amid the file", path);
      return;
    }
    const std::pair now(line->move, line->offset);
    const auto [before, fresh] = last.try_emplace(line->partition, now);
    if (!fresh && now <= before->second)
      breach = fmt::format("{}: partition {} offset {} stands behind offset {}", path, line->partition,
                           line->offset, before->second.second);
    before->second = now;
  });
  const auto is_text = [](char c) { return c >= ' ' && c <= '~'; };
  if (!breach && !std::ranges::all_of(rest, is_text)) breach = fmt::format("{}: ends in garbage", path);
  return breach;
}

Breach committed_is_durable(const std::vector<Stand>& stands, const Files& durable) {
  auto counts = count(stands, durable);
  for (const auto& stand : stands) {
    const auto& there = counts[stand.partition];
    for (auto offset = stand.base; offset < stand.next; ++offset)
      if (has_record(offset) && !there.contains(offset))
        return fmt::format("partition {} offset {} is committed, and is durable nowhere", stand.partition,
                           offset);
  }
  return std::nullopt;
}

Breach exactly_once(const std::vector<Stand>& stands, const Files& files) {
  for (const auto& [path, bytes] : files) {
    if (auto breach = in_order(path, bytes)) return breach;
    if (!bytes.empty() && bytes.back() != '\n') return fmt::format("{}: its last line is not whole", path);
  }
  auto counts = count(stands, files);
  for (const auto& stand : stands) {
    const auto& there = counts[stand.partition];
    for (auto offset = stand.base; offset < stand.next; ++offset)
      if (has_record(offset) && !there.contains(offset))
        return fmt::format("partition {} offset {} is lost", stand.partition, offset);
    for (const auto& [offset, times] : there)
      if (times > 1 || offset < stand.base)
        return fmt::format("partition {} offset {} stands {} times", stand.partition, offset, times);
  }
  return std::nullopt;
}

}  // namespace runnel::sim
