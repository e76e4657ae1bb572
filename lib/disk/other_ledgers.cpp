#include "directories.hpp"

#include <runnel/delivery/ledger_file.hpp>
#include <runnel/disk/ledger_file.hpp>
#include <runnel/disk/other_ledgers.hpp>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace runnel::disk {
namespace {

// Empty when it cannot be read.
std::string bytes_of(Disk& disk, const std::string& path) {
  const int fd = disk.open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);
  if (fd < 0) return {};
  std::string bytes;
  try {
    bytes = read_all(disk, fd, path);
  } catch (const Error&) {
  }
  disk.close(fd);
  return bytes;
}

}  // namespace

std::optional<Claimed> find_claim(Disk& disk, const std::string& own, std::span<const std::string> files) {
  const auto directory = parent(own);
  std::vector<std::string> names;
  if (disk.list(directory.c_str(), names) != 0) throw Error(directory, errno);
  std::ranges::sort(names);
  for (const auto& name : names) {
    const auto path = directory + '/' + name;
    if (path == own || !name.ends_with(ledger_suffix)) continue;
    const auto replayed = delivery::replay(bytes_of(disk, path));
    if (replayed.outcome > delivery::Replayed::torn) continue;
    const auto known = [&](const std::string& file) { return replayed.ledger.knows(file); };
    if (const auto file = std::ranges::find_if(files, known); file != files.end())
      return Claimed{path, *file};
  }
  return std::nullopt;
}

}  // namespace runnel::disk
