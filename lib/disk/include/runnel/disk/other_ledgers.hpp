#pragma once

#include <runnel/disk/disk.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace runnel::disk {

/// A ledger that speaks of a file, and the file.
struct Claimed {
  std::string ledger;
  std::string file;
};

/// The ledgers in one directory beside `own`, as a file of the flow that has that one might be theirs: the
/// flow that opens such a ledger next would cut the file, to a length from before others wrote there. It is
/// left behind when a flow that did not end cleanly is renamed, or gets another group or another cluster.
///
/// To read ten that speak of a thousand files each takes 15 ms, and 200 ms when they are about to be written
/// anew; a flow that begins asks for each new file. So what one speaks of is remembered, as eight bytes a
/// file, until it changes.
/// Thread: one at a time, any. Lifetime: the disk outlives it.
class OtherLedgers {
 public:
  OtherLedgers(Disk& disk, std::string own) : disk_(disk), own_(std::move(own)) {}

  /// Whether one of them speaks of one of these files. What no flow would take as its own is passed over:
  /// what cannot be believed, is not ours to read, or no regular file. Errors: throws Error when the
  /// directory cannot be listed, or a ledger not be read for another reason: what it speaks of is not known
  /// then.
  std::optional<Claimed> find_claim(std::span<const std::string> files);

 private:
  struct Seen {
    struct stat status {};
    std::vector<std::size_t> files;  // the hashes of their paths, in order
  };
  std::optional<std::string> find_in(int fd, const std::string& path, std::span<const std::string> files);

  Disk& disk_;
  const std::string own_;
  std::map<std::string, Seen> seen_;  // by path
};

}  // namespace runnel::disk
