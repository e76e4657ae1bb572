#pragma once

#include <runnel/disk/disk.hpp>

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <limits>
#include <map>
#include <semaphore>
#include <string>
#include <vector>

namespace runnel::tests {

/// The real disk, but for what a test breaks.
class FakeDisk final : public disk::RealDisk {
 public:
  std::size_t room = std::numeric_limits<std::size_t>::max();     // bytes until `full`
  std::size_t at_most = std::numeric_limits<std::size_t>::max();  // bytes a write
  int full = ENOSPC;                                              // the error of a write without room
  int open_error = 0;                                             // of open
  int read_error = 0;                                             // of read
  int sync_error = 0;                                             // of fdatasync
  int directory_error = 0;                                        // of fsync
  int rename_error = 0;
  std::size_t descriptors = std::numeric_limits<std::size_t>::max();  // EMFILE from then on
  std::vector<std::string> calls;                                     // "write PATH", "fdatasync PATH", …
  std::size_t written = 0;                                            // bytes
  std::size_t was_read = 0;                                           // bytes

  /// From now on write() and ftruncate() wait until let_go().
  void hang() { hung_ = true; }
  void await_write() { entered_.acquire(); }  // until one of them waits
  void let_go() {
    hung_ = false;
    released_.release();
  }

  std::size_t count(const std::string& call) const {
    return static_cast<std::size_t>(std::ranges::count(calls, call));
  }
  std::size_t open_now() const { return paths_.size(); }
  std::size_t most_open() const { return most_open_; }

  int open(const char* path, int flags, mode_t mode) override {
    if (open_error != 0) return fails(open_error);
    if (paths_.size() >= descriptors) return fails(EMFILE);
    const int fd = RealDisk::open(path, flags, mode);
    if (fd >= 0) paths_[fd] = path;
    most_open_ = std::max(most_open_, paths_.size());
    return fd;
  }
  int close(int fd) override {
    paths_.erase(fd);
    return RealDisk::close(fd);
  }
  int list(const char* directory, std::vector<std::string>& names) override {
    return paths_.size() >= descriptors ? fails(EMFILE) : RealDisk::list(directory, names);
  }
  ssize_t read(int fd, void* bytes, std::size_t size) override {
    if (read_error != 0) return fails(read_error);
    const auto count = RealDisk::read(fd, bytes, size);
    if (count > 0) was_read += static_cast<std::size_t>(count);
    return count;
  }
  ssize_t write(int fd, const void* bytes, std::size_t size) override {
    hang_here();
    calls.push_back("write " + paths_[fd]);
    if (room == 0) return fails(full);
    const auto count = RealDisk::write(fd, bytes, std::min({size, room, at_most}));
    if (count > 0) written += static_cast<std::size_t>(count);
    if (room != std::numeric_limits<std::size_t>::max()) room -= static_cast<std::size_t>(count);
    return count;
  }
  int ftruncate(int fd, off_t length) override {
    hang_here();
    return RealDisk::ftruncate(fd, length);
  }
  int fdatasync(int fd) override {
    calls.push_back("fdatasync " + paths_[fd]);
    return sync_error == 0 ? RealDisk::fdatasync(fd) : fails(sync_error);
  }
  int fsync(int fd) override {
    calls.push_back("fsync " + paths_[fd]);
    return directory_error == 0 ? RealDisk::fsync(fd) : fails(directory_error);
  }
  int rename(const char* from, const char* to) override {
    calls.push_back(std::string("rename ") + from);
    return rename_error == 0 ? RealDisk::rename(from, to) : fails(rename_error);
  }

 private:
  void hang_here() {
    if (!hung_) return;
    entered_.release();
    released_.acquire();
  }
  static int fails(int error) {
    errno = error;
    return -1;
  }

  std::atomic<bool> hung_ = false;
  std::counting_semaphore<> entered_{0}, released_{0};
  std::map<int, std::string> paths_;
  std::size_t most_open_ = 0;
};

}  // namespace runnel::tests
