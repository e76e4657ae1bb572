#include <runnel/disk/disk.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace runnel::disk {

int RealDisk::open(const char* path, int flags, mode_t mode) {
  return ::open(path, flags, mode);
}
int RealDisk::close(int fd) {
  return ::close(fd);
}
ssize_t RealDisk::read(int fd, void* bytes, std::size_t size) {
  return ::read(fd, bytes, size);
}
ssize_t RealDisk::write(int fd, const void* bytes, std::size_t size) {
  return ::write(fd, bytes, size);
}
int RealDisk::fdatasync(int fd) {
  return ::fdatasync(fd);
}
int RealDisk::fsync(int fd) {
  return ::fsync(fd);
}
int RealDisk::ftruncate(int fd, off_t length) {
  return ::ftruncate(fd, length);
}
int RealDisk::fstat(int fd, struct stat* status) {
  return ::fstat(fd, status);
}
int RealDisk::stat(const char* path, struct stat* status) {
  return ::stat(path, status);
}
int RealDisk::flock(int fd, int operation) {
  return ::flock(fd, operation);
}
int RealDisk::mkdir(const char* path, mode_t mode) {
  return ::mkdir(path, mode);
}
int RealDisk::rename(const char* from, const char* to) {
  return ::rename(from, to);
}
int RealDisk::unlink(const char* path) {
  return ::unlink(path);
}

int RealDisk::list(const char* directory, std::vector<std::string>& names) {
  DIR* open = ::opendir(directory);
  if (open == nullptr) return -1;
  errno = 0;
  while (const dirent* entry = ::readdir(open)) names.emplace_back(entry->d_name);
  const int error = errno;
  ::closedir(open);
  errno = error;
  return error == 0 ? 0 : -1;
}

ssize_t RealDisk::getrandom(void* bytes, std::size_t size) {
  return ::getrandom(bytes, size, 0);
}

Disk& real_disk() {
  static RealDisk disk;
  return disk;
}

std::string read_all(Disk& disk, int fd, const std::string& path) {
  std::string bytes;
  std::array<char, 65536> buffer;
  for (;;) {
    const auto count = disk.read(fd, buffer.data(), buffer.size());
    if (count == 0) return bytes;
    if (count > 0) bytes.append(buffer.data(), static_cast<std::size_t>(count));
    if (count < 0 && errno != EINTR) throw Error(path, errno);
  }
}

std::string advice(int error) {
  switch (error) {
    case ENOENT:
      return "; make that directory";
    case ENOTDIR:
      return "; move away the file that stands where a directory belongs";
    case EROFS:
      return "; mount it so that it can be written, or name it as ReadWritePaths= in the unit that runs this";
    case EACCES:
    case EPERM:
      return "; let user " + std::to_string(::geteuid()) + ", who runs this, write there";
    case EISDIR:
    case EEXIST:
      return "; move it away";
    case ENOSPC:
    case EDQUOT:
      return "; make room there";
    case EFBIG:
      return "; raise LimitFSIZE= of the unit, or ulimit -f";
  }
  return "";
}

Error refused(const std::string& path, int error) {
  Error result(Error(path, error).what() + advice(error));
  result.number = error;
  return result;
}

Error::Error(const std::string& path, int error)
    : std::runtime_error(path + ": " + std::strerror(error)), number(error) {}

}  // namespace runnel::disk
