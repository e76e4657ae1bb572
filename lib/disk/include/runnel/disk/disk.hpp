#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace runnel::disk {

/// The system calls on files, and the one for a random number: each as the one of its name, errno and all. A
/// test overrides the one that is to fail. All may block for as long as the disk hangs. Thread: any.
class Disk {
 public:
  virtual ~Disk() = default;

  virtual int open(const char* path, int flags, mode_t mode);
  virtual int close(int fd);
  virtual ssize_t read(int fd, void* bytes, std::size_t size);
  virtual ssize_t write(int fd, const void* bytes, std::size_t size);
  virtual int fdatasync(int fd);
  virtual int fsync(int fd);
  virtual int ftruncate(int fd, off_t length);
  virtual int fstat(int fd, struct stat* status);
  virtual int stat(const char* path, struct stat* status);
  virtual int flock(int fd, int operation);
  virtual int mkdir(const char* path, mode_t mode);
  virtual int rename(const char* from, const char* to);
  virtual int unlink(const char* path);

  /// The names in a directory (opendir, readdir), in no order; 0, or -1 and errno.
  virtual int list(const char* directory, std::vector<std::string>& names);

  virtual ssize_t getrandom(void* bytes, std::size_t size);
};

/// The one that breaks nothing.
Disk& real_disk();

/// A call on a file failed: "PATH: why".
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  Error(const std::string& path, int error);

  int number = 0;  // errno, where one is known
};

/// Another open file holds the lock. The sentence says who.
class Locked : public Error {
 public:
  using Error::Error;
};

/// What was written may not be on the disk, and asking again would not tell: the kernel may have dropped the
/// pages. The sentence says "PATH: cannot be synced: why".
class SyncFailed : public Error {
 public:
  SyncFailed(const std::string& path, int error) : Error(path + ": cannot be synced", error) {}
};

/// All bytes of an open file from where it stands. Errors: throws Error, which names `path`.
std::string read_all(Disk& disk, int fd, const std::string& path);

/// Who holds the flock(2) of a file, from /proc/locks: "process 17 (runneld)", or "another process".
std::string holder(const struct stat& file);

}  // namespace runnel::disk
