#include "directories.hpp"

#include <runnel/delivery/ledger_file.hpp>
#include <runnel/disk/ledger_file.hpp>
#include <runnel/disk/other_ledgers.hpp>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <functional>

namespace runnel::disk {
namespace {

std::optional<delivery::Ledger> read_ledger(Disk& disk, int fd, const std::string& path) {
  auto replayed = delivery::replay(read_all(disk, fd, path));
  if (replayed.outcome > delivery::Replayed::torn) return std::nullopt;
  return std::move(replayed.ledger);
}

// What no flow that runs as we do could take as its own: gone by now, not ours to read, a link, a socket.
bool is_no_ledger(int error) {
  return error == ENOENT || error == EACCES || error == ELOOP || error == ENXIO;
}

// The last change, too: a file of the same size and time can be put in its place.
bool is_unchanged(const struct stat& before, const struct stat& now) {
  const auto same = [](const timespec& one, const timespec& other) {
    return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
  };
  return before.st_dev == now.st_dev && before.st_ino == now.st_ino && before.st_size == now.st_size &&
         same(before.st_mtim, now.st_mtim) && same(before.st_ctim, now.st_ctim);
}

std::size_t hash(const std::string& file) {
  return std::hash<std::string>()(file);
}

}  // namespace

std::optional<Claimed> OtherLedgers::find_claim(std::span<const std::string> files) {
  const auto directory = parent(own_);
  std::vector<std::string> names;
  if (disk_.list(directory.c_str(), names) != 0) throw Error(directory, errno);
  std::ranges::sort(names);
  for (const auto& name : names) {
    const auto path = directory + '/' + name;
    if (path == own_ || !name.ends_with(ledger_suffix)) continue;
    const int fd = disk_.open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0 && is_no_ledger(errno)) continue;
    if (fd < 0) throw Error(path, errno);
    std::optional<std::string> file;
    try {
      file = find_in(fd, path, files);
    } catch (...) {
      disk_.close(fd);
      throw;
    }
    disk_.close(fd);
    if (file) return Claimed{path, *file};
  }
  return std::nullopt;
}

std::optional<std::string> OtherLedgers::find_in(int fd, const std::string& path,
                                                 std::span<const std::string> files) {
  struct stat now {};
  if (disk_.fstat(fd, &now) != 0) throw Error(path, errno);
  if (!S_ISREG(now.st_mode)) return std::nullopt;
  auto& seen = seen_[path];
  const auto may_be_there = [&](const std::string& file) {
    return std::ranges::binary_search(seen.files, hash(file));
  };
  if (is_unchanged(seen.status, now) && std::ranges::none_of(files, may_be_there)) return std::nullopt;

  const auto ledger = read_ledger(disk_, fd, path);
  if (!ledger) return std::nullopt;
  seen = {now, {}};  // as of before it was read: what came meanwhile is another change
  for (const auto& [file, extent] : ledger->files()) seen.files.push_back(hash(file));
  std::ranges::sort(seen.files);
  const auto known = [&](const std::string& file) { return ledger->knows(file); };
  const auto file = std::ranges::find_if(files, known);
  return file == files.end() ? std::nullopt : std::optional(*file);
}

}  // namespace runnel::disk
