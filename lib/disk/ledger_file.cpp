#include "directories.hpp"

#include <runnel/delivery/ledger_file.hpp>
#include <runnel/delivery/words.hpp>
#include <runnel/disk/ledger_file.hpp>

#include <boost/crc.hpp>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace runnel::disk {
namespace {

using delivery::Ledger;
using delivery::Replayed;

constexpr int open_flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
constexpr mode_t file_mode = 0640;
constexpr mode_t directory_mode = 0750;

// A flow may have any name; a file may not.
std::string file_name(const LedgerParams& params) {
  std::string name;
  for (const char c : params.flow) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || (c == '.' && !name.empty());
    if (plain)
      name += c;
    else
      name += '%' + delivery::to_hex(static_cast<unsigned char>(c));
  }
  const auto whose = params.cluster + '\0' + params.group;
  boost::crc_32_type crc;
  crc.process_bytes(whose.data(), whose.size());
  return name + '-' + delivery::to_hex(std::uint32_t{crc.checksum()}).append(ledger_suffix);
}

std::uint64_t random_id(Disk& disk, const std::string& path) {
  std::uint64_t id = 0;
  while (id == 0) {
    const auto count = disk.getrandom(&id, sizeof id);
    if (count < 0 && errno != EINTR) throw Error(path, errno);
    if (count != sizeof id) id = 0;
  }
  return id;
}

Error cannot_open(const std::string& path, int error) {
  if (error == ELOOP)
    return Error(path + ": is a symbolic link; put the ledger that it points to in its place");
  return refused(path, error);
}

Error of_another(const std::string& path, uid_t user) {
  return Error(path + ": belongs to user " + std::to_string(user) +
               "; run as that user, or give it to the one that runs this, " + std::to_string(::geteuid()));
}

}  // namespace

LedgerFile::LedgerFile(Disk& disk, LedgerParams params)
    : disk_(disk), params_(std::move(params)), path_(params_.directory + '/' + file_name(params_)) {}

Ledger LedgerFile::open() {
  make_directory();
  try {
    open_locked();
    auto ledger = read_ledger();
    rewrite(written_anew(ledger));
    sync_directories();
    return ledger;
  } catch (...) {
    close();
    throw;
  }
}

void LedgerFile::append(std::string_view text) {
  must_be_in_place();
  if (torn_ && disk_.ftruncate(fd_, static_cast<off_t>(length_)) != 0) throw Error(path_, errno);
  torn_ = true;
  if (const int error = write(fd_, text); error != 0) {
    torn_ = disk_.ftruncate(fd_, static_cast<off_t>(length_)) != 0;
    throw refused(path_, error);
  }
  lost_ = disk_.fdatasync(fd_) != 0;
  if (lost_) throw SyncFailed(path_, errno);
  torn_ = false;
  length_ += text.size();
}

bool LedgerFile::rewrite_due(std::size_t bytes) const {
  return lost_ || delivery::rewrite_due(length_ + bytes, when_new_);
}

void LedgerFile::rewrite(std::string_view whole) {
  const bool gone = removed();
  if (gone)
    make_directory();
  else
    must_be_in_place();  // by now another one may stand there
  const auto fresh = path_ + ".new";
  disk_.unlink(fresh.c_str());  // from a process that died amid this
  const int fd = disk_.open(fresh.c_str(), open_flags | O_EXCL, file_mode);
  if (fd < 0) throw cannot_open(fresh, errno);
  try {
    lock(fd);  // before it has the name, so that the name is never free
    if (const int error = write(fd, whole); error != 0) throw refused(fresh, error);
    if (disk_.fdatasync(fd) != 0) throw SyncFailed(fresh, errno);
    if (disk_.rename(fresh.c_str(), path_.c_str()) != 0) throw cannot_open(path_, errno);
  } catch (...) {
    disk_.close(fd);
    disk_.unlink(fresh.c_str());
    throw;
  }
  close();
  fd_ = fd;
  length_ = when_new_ = whole.size();
  torn_ = false;
  lost_ = true;  // until its name is on the disk
  sync_directory(disk_, params_.directory);
  if (gone) sync_directories();
  lost_ = false;
}

// What was there already may be a file, or a link to nowhere.
void LedgerFile::make_directory() {
  const auto& directory = params_.directory;
  try {
    make_directories(disk_, directory, directory_mode);
    struct stat status {};
    if (disk_.stat(directory.c_str(), &status) != 0) throw refused(directory, errno);
    if (!S_ISDIR(status.st_mode)) throw refused(directory, ENOTDIR);
  } catch (const Error& error) {
    const bool advised = !advice(error.number).empty();
    throw Error(error.what() + std::string(advised ? ", or " : "; ") +
                "name another directory as runnel.state_dir");
  }
}

// All the way up: whoever made the upper ones may have died before it synced them.
void LedgerFile::sync_directories() {
  for (auto directory = params_.directory; directory != parent(directory); directory = parent(directory))
    sync_directory(disk_, parent(directory));
}

void LedgerFile::open_locked() {
  for (;;) {
    fd_ = disk_.open(path_.c_str(), open_flags, file_mode);
    if (fd_ < 0) throw cannot_open_own(errno);
    lock(fd_);
    if (in_place()) return;
    close();  // it was written anew before it was locked
  }
}

Error LedgerFile::cannot_open_own(int error) {
  struct stat status {};
  const bool is_of_another =
      error == EACCES && disk_.stat(path_.c_str(), &status) == 0 && status.st_uid != ::geteuid();
  return is_of_another ? of_another(path_, status.st_uid) : cannot_open(path_, error);
}

void LedgerFile::lock(int fd) {
  struct stat status {};
  if (disk_.fstat(fd, &status) != 0) throw Error(path_, errno);
  if (!S_ISREG(status.st_mode)) throw Error(path_ + ": is not a regular file; move it away");
  if (status.st_uid != ::geteuid()) throw of_another(path_, status.st_uid);  // may not say what is cut
  if (disk_.flock(fd, LOCK_EX | LOCK_NB) == 0) return;
  if (errno != EWOULDBLOCK) throw Error(path_ + ": cannot be locked", errno);
  throw Locked(
      path_ + ": " + holder(status) +
      " has this ledger already, and two would cut each other's files; stop that one, or give this one "
      "another runnel.state_dir and another path");
}

Ledger LedgerFile::read_ledger() {
  const auto bytes = read_all(disk_, fd_, path_);
  if (bytes.empty()) return Ledger({random_id(disk_, path_), params_.cluster, params_.group});
  auto replayed = delivery::replay(bytes);
  if (replayed.outcome == Replayed::newer)
    throw LedgerRefused(path_ + ": " + replayed.why + "; install that release again");
  if (replayed.outcome == Replayed::damaged)
    throw LedgerRefused(path_ + ": damaged at byte " + std::to_string(replayed.end) + ": " + replayed.why +
                        "; keep a copy and move it away: then the files stay as they are, and what was not "
                        "known to be committed may stand in them twice");
  const auto& name = replayed.ledger.name();
  if (name.cluster != params_.cluster || name.group != params_.group)
    throw LedgerRefused(path_ + ": is the ledger of group " + name.group + " in cluster " + name.cluster +
                        ", which is not the one of this flow; move it away");
  return std::move(replayed.ledger);
}

bool LedgerFile::in_place() const {
  struct stat mine {
  }, there{};
  if (disk_.fstat(fd_, &mine) != 0) throw Error(path_, errno);
  if (disk_.stat(path_.c_str(), &there) == 0)
    return mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
  if (errno != ENOENT) throw Error(path_, errno);
  return false;
}

bool LedgerFile::removed() const {
  struct stat there {};
  return disk_.stat(path_.c_str(), &there) != 0 && errno == ENOENT;
}

void LedgerFile::must_be_in_place() {
  if (in_place()) return;
  lost_ = removed();
  throw Error(path_ + (lost_ ? ": somebody has removed it; it is written anew"
                             : ": somebody has put another file in its place; move that one away"));
}

// All of it; else the error.
int LedgerFile::write(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = disk_.write(fd, bytes.data(), bytes.size());
    if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
    if (count < 0 && errno != EINTR) return errno;
  }
  return 0;
}

void LedgerFile::close() {
  if (fd_ >= 0) disk_.close(std::exchange(fd_, -1));
}

}  // namespace runnel::disk
