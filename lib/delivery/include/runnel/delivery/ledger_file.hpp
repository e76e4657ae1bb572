#pragma once

#include <runnel/delivery/ledger.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// The bytes of a ledger's file: a line that names it, then the entries, each with a checksum. It is text, one
// change a line, so that `less` shows it; whatever stands in a topic or a path is escaped (%0A), so nothing
// in it can look like a line.
//
//   runnel-ledger 1 9f0c2b7714c01a5e CLUSTER GROUP CRC
//   entry 17 16 15 BYTES CRC                        sequence, the one before, decided; bytes of what follows
//   wrote orders 3 1205                             a partition and its position
//   file 4096 /var/log/orders/3.jsonl orders 3      length, path, whose records it holds
//
// `settled` in place of `entry`, `holds` in place of `wrote` (the position was only set), `forget PATH` and
// `drop TOPIC NUMBER` say what they say in LedgerEntry.
namespace runnel::delivery {

constexpr int ledger_version = 1;

/// What a new ledger's file begins with.
std::string to_text(const LedgerName& name);

/// What an entry appends to it.
std::string to_text(const LedgerName& name, const LedgerEntry& entry);

/// The whole file, as short as it can be.
std::string written_anew(const Ledger& ledger);

/// Whether to write it anew: so it never grows beyond a few times of what must be known.
constexpr bool rewrite_due(std::uint64_t bytes, std::uint64_t bytes_when_new) {
  return bytes > std::max<std::uint64_t>(1 << 20, 4 * bytes_when_new);
}

struct Replayed {
  enum Outcome {
    whole,
    torn,     // the last append did not get to the disk: cut the file to `end` and go on
    damaged,  // it cannot be believed: `why`, at `end`
    newer,    // a later release wrote it
  };

  Outcome outcome = whole;
  int version = 0;              // lower than ledger_version: write it anew
  std::size_t end = 0;          // bytes that hold
  std::string why;              // one clause
  Ledger ledger{LedgerName()};  // for whole and torn
};

/// Reads a ledger's file. Each append is synced before the next, so a power loss can spoil the last one only,
/// and leave anything in its place. Whatever is followed by a later entry that holds was no power loss.
Replayed replay(std::string_view bytes);

}  // namespace runnel::delivery
