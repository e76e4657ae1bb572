#include "directories.hpp"

#include <runnel/disk/output_files.hpp>

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>

namespace runnel::disk {
namespace {

// Not blocking: to open a pipe that has no reader must not hang. It changes nothing for a regular file.
constexpr int append_flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

mode_t directory_mode(mode_t file_mode) {
  return file_mode | ((file_mode & 0444) >> 2);
}

Error cannot_open(const std::string& path, int error) {
  if (error == ELOOP) return Error(path + ": is a symbolic link; name the file that it points to");
  if (error == ENXIO) return Error(path + ": is not a regular file");
  return refused(path, error);
}

}  // namespace

OutputFiles::~OutputFiles() {
  close_if([](const OutputFile&) { return true; });
}

OutputFile& OutputFiles::open(const std::string& path) {
  if (auto* file = find_in_place(path)) return *file;
  for (;;) {
    if (auto* file = open_existing(path)) return *file;
    make_directories(disk_, parent(path), directory_mode(params_.mode));
    const int fd = try_open(path, append_flags | O_CREAT);
    if (fd < 0) throw cannot_open(path, errno);
    if (auto* file = add(path, fd)) return *file;
  }
}

OutputFile* OutputFiles::open_if_there(const std::string& path) {
  if (auto* file = find_in_place(path)) return file;
  return open_existing(path);
}

OutputFile* OutputFiles::find(const std::string& path) {
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) return nullptr;
  files_.splice(files_.begin(), files_, found->second);
  files_.front().used = syncs_;
  return &files_.front();
}

std::size_t OutputFiles::write(OutputFile& file, std::string_view bytes) {
  ssize_t count;
  do {
    count = disk_.write(file.fd, bytes.data(), bytes.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0) throw refused(file.path, errno);
  find(file.path);  // used, so that the next sync() looks at it
  file.length += static_cast<std::size_t>(count);
  file.unsynced = true;
  return static_cast<std::size_t>(count);
}

bool OutputFiles::truncate(const std::string& path, std::uint64_t length) {
  auto* file = open_if_there(path);
  if (file == nullptr || file->length < length) return false;
  // Is it of that length already, then whoever cut it may have died before it synced it.
  if (file->length != length && disk_.ftruncate(file->fd, static_cast<off_t>(length)) != 0)
    throw Error(path, errno);
  file->length = length;
  file->unsynced = true;
  return true;
}

// Opened first, for only who holds the lock may remove it.
void OutputFiles::remove(const std::string& path) {
  auto* file = open_if_there(path);
  remember_directories(path);  // also when it is gone: whoever removed it may have died before it synced that
  if (file == nullptr) return;
  if (disk_.unlink(path.c_str()) != 0 && errno != ENOENT) throw Error(path, errno);
  forget(by_path_.at(path));
}

void OutputFiles::sync() {
  for (auto file = files_.begin(); file != files_.end() && file->used == syncs_; ++file) sync_file(file);
  for (const auto& directory : directories_) sync_directory(disk_, directory);
  directories_.clear();
  ++syncs_;  // only now: what has failed is tried again
}

void OutputFiles::close(const std::string& path) {
  if (const auto found = by_path_.find(path); found != by_path_.end()) forget(found->second);
}

// Moved or removed by somebody (log rotation): what was written into it stays there, and the path is free.
OutputFile* OutputFiles::find_in_place(const std::string& path) {
  auto* file = find(path);
  if (file == nullptr) return nullptr;
  struct stat there {};
  if (disk_.stat(path.c_str(), &there) == 0 && there.st_ino == file->inode && there.st_dev == file->device) {
    file->length = static_cast<std::uint64_t>(there.st_size);
    return file;
  }
  sync_file(files_.begin());
  forget(files_.begin());
  return nullptr;
}

OutputFile* OutputFiles::open_existing(const std::string& path) {
  for (;;) {
    const int fd = try_open(path, append_flags);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) return nullptr;
    if (fd < 0) throw cannot_open(path, errno);
    if (auto* file = add(path, fd)) return file;
  }
}

int OutputFiles::try_open(const std::string& path, int flags) {
  shrink(std::max<std::size_t>(params_.most, 1) - 1);
  for (;;) {
    const int fd = disk_.open(path.c_str(), flags, params_.mode);
    if (fd >= 0 || (errno != EMFILE && errno != ENFILE) || files_.empty()) return fd;
    shrink(files_.size() / 2);  // not by one: sockets need some, too, and can close nothing
  }
}

// nullptr: it was removed before it was locked.
OutputFile* OutputFiles::add(const std::string& path, int fd) {
  remember_directories(path);  // also when it was there: whoever made it may have died before it synced that
  auto& file = files_.emplace_front();
  file.path = path;
  file.fd = fd;
  file.used = syncs_;
  by_path_[path] = files_.begin();
  try {
    admit(file);
  } catch (...) {
    forget(files_.begin());
    throw;
  }
  struct stat status {};
  if (disk_.fstat(fd, &status) == 0 && status.st_nlink > 0) {
    file.device = status.st_dev;
    file.inode = status.st_ino;
    file.length = static_cast<std::uint64_t>(status.st_size);
    return &file;
  }
  forget(files_.begin());
  return nullptr;
}

void OutputFiles::admit(OutputFile& file) {
  struct stat status {};
  if (disk_.fstat(file.fd, &status) != 0) throw Error(file.path, errno);
  if (!S_ISREG(status.st_mode)) throw cannot_open(file.path, ENXIO);
  if (disk_.flock(file.fd, LOCK_EX | LOCK_NB) == 0) return;
  if (errno != EWOULDBLOCK) throw Error(file.path + ": cannot be locked", errno);
  throw Locked(file.path + ": " + holder(status) +
               " writes it already, and two writers would mix their lines; stop that one, or give this one "
               "another path");
}

void OutputFiles::spare() {
  auto many = (files_.size() + 1) / 2;
  for (auto next = files_.end(); many > 0 && next != files_.begin();) {
    const auto file = std::prev(next);
    if (file->unsynced) {
      next = file;
    } else {
      forget(file);
      --many;
    }
  }
}

void OutputFiles::shrink(std::size_t left) {
  while (files_.size() > left) {
    const auto oldest = std::prev(files_.end());
    sync_file(oldest);  // once it is closed nobody would tell that it failed
    forget(oldest);
  }
}

// All the way up: whoever made the upper ones may have died before it synced them.
void OutputFiles::remember_directories(const std::string& path) {
  for (auto directory = parent(path); directories_.insert(directory).second;) directory = parent(directory);
}

void OutputFiles::sync_file(Files::iterator file) {
  if (!file->unsynced) return;
  if (disk_.fdatasync(file->fd) != 0) {
    const int error = errno;
    const auto path = file->path;
    forget(file);
    throw SyncFailed(path, error);
  }
  file->unsynced = false;
}

void OutputFiles::forget(Files::iterator file) {
  disk_.close(file->fd);
  by_path_.erase(file->path);
  files_.erase(file);
}

}  // namespace runnel::disk
