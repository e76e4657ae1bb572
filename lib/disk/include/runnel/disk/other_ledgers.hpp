#pragma once

#include <runnel/disk/disk.hpp>

#include <optional>
#include <span>
#include <string>

namespace runnel::disk {

/// A ledger that speaks of a file, and the file.
struct Claimed {
  std::string ledger;
  std::string file;
};

/// Whether another ledger beside `own` speaks of one of these files: the flow that opens that one next would
/// cut it, to a length from before others wrote there. Such a ledger is left behind when a flow that did not
/// end cleanly is renamed, or gets another group or another cluster. What cannot be read or believed is
/// passed over, for no flow would take it as its own. Errors: throws Error when the directory cannot be
/// listed. Thread: any.
std::optional<Claimed> find_claim(Disk& disk, const std::string& own, std::span<const std::string> files);

}  // namespace runnel::disk
