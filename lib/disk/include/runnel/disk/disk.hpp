#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace runnel::disk {

/// The system calls on files, and the one for a random number: each as the one of its name, errno and all.
/// All may block for as long as the disk hangs. Thread: any.
class Disk {
 public:
  virtual ~Disk() = default;

  virtual int open(const char* path, int flags, mode_t mode) = 0;
  virtual int close(int fd) = 0;
  virtual ssize_t read(int fd, void* bytes, std::size_t size) = 0;
  virtual ssize_t write(int fd, const void* bytes, std::size_t size) = 0;
  virtual int fdatasync(int fd) = 0;
  virtual int fsync(int fd) = 0;
  virtual int ftruncate(int fd, off_t length) = 0;
  virtual int fstat(int fd, struct stat* status) = 0;
  virtual int stat(const char* path, struct stat* status) = 0;
  virtual int flock(int fd, int operation) = 0;
  virtual int mkdir(const char* path, mode_t mode) = 0;
  virtual int rename(const char* from, const char* to) = 0;
  virtual int unlink(const char* path) = 0;

  /// The names in a directory (opendir, readdir), in no order; 0, or -1 and errno.
  virtual int list(const char* directory, std::vector<std::string>& names) = 0;

  virtual ssize_t getrandom(void* bytes, std::size_t size) = 0;
};

/// A test overrides the call that is to fail.
class RealDisk : public Disk {
 public:
  int open(const char* path, int flags, mode_t mode) override;
  int close(int fd) override;
  ssize_t read(int fd, void* bytes, std::size_t size) override;
  ssize_t write(int fd, const void* bytes, std::size_t size) override;
  int fdatasync(int fd) override;
  int fsync(int fd) override;
  int ftruncate(int fd, off_t length) override;
  int fstat(int fd, struct stat* status) override;
  int stat(const char* path, struct stat* status) override;
  int flock(int fd, int operation) override;
  int mkdir(const char* path, mode_t mode) override;
  int rename(const char* from, const char* to) override;
  int unlink(const char* path) override;
  int list(const char* directory, std::vector<std::string>& names) override;
  ssize_t getrandom(void* bytes, std::size_t size) override;
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

/// What to do about an errno of a file that is to be written, as "; do this". Empty: that goes without
/// saying.
std::string advice(int error);

/// The error, with that.
Error refused(const std::string& path, int error);

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
