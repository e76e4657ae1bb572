#include <runnel/delivery/ledger_file.hpp>
#include <runnel/delivery/words.hpp>

#include <boost/crc.hpp>

#include <optional>
#include <utility>

namespace runnel::delivery {
namespace {

constexpr std::string_view magic = "runnel-ledger";
constexpr std::size_t longest_head = 128;  // of an entry's first line

std::string escaped(std::string_view text) {
  if (text.empty()) return "%";  // a word has at least one byte
  std::string result;
  for (const char c : text) {
    if (c > ' ' && c < '\x7f' && c != '%')
      result += c;
    else
      result += '%' + to_hex(static_cast<unsigned char>(c));
  }
  return result;
}

std::optional<std::string> unescaped(std::string_view word) {
  if (word == "%") return "";
  std::string result;
  while (!word.empty()) {
    const auto plain = word.substr(0, word.find('%'));
    result += plain;
    word.remove_prefix(plain.size());
    if (word.empty()) break;
    const auto byte = word.size() < 3 ? std::nullopt : number_in<unsigned char>(word.substr(1, 2), 16);
    if (!byte) return std::nullopt;
    result += static_cast<char>(*byte);
    word.remove_prefix(3);
  }
  if (result.empty()) return std::nullopt;
  return result;
}

// The id goes in, so that what another ledger left on the disk is nothing to this one.
std::string checksum(std::uint64_t id, std::string_view head, std::string_view body = {}) {
  const auto seed = to_hex(id);
  boost::crc_32_type crc;
  crc.process_bytes(seed.data(), seed.size());
  crc.process_bytes(head.data(), head.size());
  crc.process_bytes(body.data(), body.size());
  return to_hex(static_cast<std::uint32_t>(crc.checksum()));
}

std::string words(const Partition& partition) {
  return ' ' + escaped(partition.topic) + ' ' + std::to_string(partition.number);
}

std::string body_of(const LedgerEntry& entry) {
  std::string body;
  for (const auto& partition : entry.dropped) body += "drop" + words(partition) + '\n';
  for (const auto& file : entry.forgotten) body += "forget " + escaped(file) + '\n';
  for (const auto& place : entry.places) {
    body += place.wrote ? "wrote" : "holds";
    body += words(place.partition) + ' ' + std::to_string(place.position) + '\n';
  }
  for (const auto& [file, length, partitions] : entry.files) {
    body += "file " + std::to_string(length) + ' ' + escaped(file);
    for (const auto& partition : partitions) body += words(partition);
    body += '\n';
  }
  return body;
}

std::optional<Partition> take_partition(std::string_view& line) {
  auto topic = unescaped(take_word(line));
  const auto number = number_in<std::int32_t>(take_word(line));
  if (!topic || !number) return std::nullopt;
  return Partition{std::move(*topic), *number};
}

std::optional<Extent> take_extent(std::string_view& line) {
  const auto length = number_in<std::uint64_t>(take_word(line));
  auto file = unescaped(take_word(line));
  if (!length || !file) return std::nullopt;
  Extent extent{std::move(*file), *length, {}};
  while (!line.empty()) {
    auto partition = take_partition(line);
    if (!partition) return std::nullopt;
    extent.partitions.push_back(std::move(*partition));
  }
  return extent;
}

bool add_line(LedgerEntry& entry, std::string_view line) {
  const auto kind = take_word(line);
  if (kind == "file") {
    auto extent = take_extent(line);
    if (extent) entry.files.push_back(std::move(*extent));
    return extent.has_value();
  }
  if (kind == "forget") {
    auto file = unescaped(take_word(line));
    if (file) entry.forgotten.push_back(std::move(*file));
    return file && line.empty();
  }
  auto partition = take_partition(line);
  if (!partition) return false;
  if (kind == "drop") {
    entry.dropped.push_back(std::move(*partition));
    return line.empty();
  }
  const auto position = number_in<std::int64_t>(take_word(line));
  if (!position || !line.empty() || (kind != "wrote" && kind != "holds")) return false;
  entry.places.push_back({std::move(*partition), *position, kind == "wrote"});
  return true;
}

struct Found {
  LedgerEntry entry;
  std::size_t size = 0;
};

// The entry that `bytes` begin with, if there is one that holds.
std::optional<Found> entry_at(std::uint64_t id, std::string_view bytes) {
  const auto line_end = bytes.substr(0, longest_head).find('\n');
  if (line_end == std::string_view::npos) return std::nullopt;
  auto head = bytes.substr(0, line_end);
  const auto checked = head.substr(0, head.rfind(' '));
  const auto kind = take_word(head);
  if (kind != "entry" && kind != "settled") return std::nullopt;
  const auto sequence = number_in<std::uint64_t>(take_word(head));
  const auto after = number_in<std::uint64_t>(take_word(head));
  const auto decided = number_in<std::uint64_t>(take_word(head));
  const auto size = number_in<std::size_t>(take_word(head));
  if (!sequence || !after || !decided || !size || *size > bytes.size() - line_end - 1) return std::nullopt;
  auto body = bytes.substr(line_end + 1, *size);
  if (head != checksum(id, checked, body)) return std::nullopt;

  Found found{{}, line_end + 1 + *size};
  found.entry.sequence = *sequence;
  found.entry.after = *after;
  found.entry.decided = *decided;
  found.entry.settled = kind == "settled";
  while (!body.empty())
    if (!add_line(found.entry, take_word(body, '\n'))) return std::nullopt;
  return found;
}

// Older ones may be what a block of the disk held before.
bool later_entry_in(const Ledger& ledger, std::string_view bytes) {
  for (; !bytes.empty(); take_word(bytes, '\n'))
    if (const auto found = entry_at(ledger.name().id, bytes); found && found->entry.sequence > ledger.last())
      return true;
  return false;
}

Replayed& ends(Replayed& replayed, Replayed::Outcome outcome, std::string why) {
  replayed.outcome = outcome;
  replayed.why = std::move(why);
  return replayed;
}

}  // namespace

std::string to_text(const LedgerName& name) {
  auto line = std::string(magic) + ' ' + std::to_string(ledger_version) + ' ' + to_hex(name.id) + ' ' +
              escaped(name.cluster) + ' ' + escaped(name.group);
  return line + ' ' + checksum(name.id, line) + '\n';
}

std::string to_text(const LedgerName& name, const LedgerEntry& entry) {
  const auto body = body_of(entry);
  std::string head = entry.settled ? "settled" : "entry";
  for (const auto number : {entry.sequence, entry.after, entry.decided, std::uint64_t{body.size()}})
    head += ' ' + std::to_string(number);
  return head + ' ' + checksum(name.id, head, body) + '\n' + body;
}

std::string written_anew(const Ledger& ledger) {
  auto text = to_text(ledger.name());
  for (const auto& entry : ledger.kept()) text += to_text(ledger.name(), entry);
  return text;
}

Replayed replay(std::string_view bytes) {
  Replayed result;
  auto rest = bytes;
  auto line = take_word(rest, '\n');
  const auto checked = line.substr(0, line.rfind(' '));
  const bool is_ledger = take_word(line) == magic;
  const auto version = number_in<int>(take_word(line));
  if (!is_ledger || !version) return ends(result, Replayed::damaged, "it does not begin as a ledger does");
  result.version = *version;
  if (*version > ledger_version) return ends(result, Replayed::newer, "a newer release has written it");
  const auto id = number_in<std::uint64_t>(take_word(line), 16);
  auto cluster = unescaped(take_word(line));
  auto group = unescaped(take_word(line));
  if (!id || !cluster || !group || line != checksum(*id, checked))
    return ends(result, Replayed::damaged, "its first line is damaged");

  auto& ledger = result.ledger = Ledger({*id, std::move(*cluster), std::move(*group)});
  auto found = entry_at(*id, rest);
  for (; found && found->entry.after == ledger.last(); found = entry_at(*id, rest)) {
    if (found->entry.sequence <= found->entry.after) break;
    ledger.add(found->entry);
    rest.remove_prefix(found->size);
  }
  result.end = bytes.size() - rest.size();
  if (rest.empty()) return result;
  if (!later_entry_in(ledger, rest)) return ends(result, Replayed::torn, "the last append is incomplete");
  return ends(result, Replayed::damaged,
              found ? "entries are missing here" : "an entry is damaged, and later ones follow it");
}

}  // namespace runnel::delivery
