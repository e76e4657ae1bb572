#include "directories.hpp"

#include <fcntl.h>

#include <cerrno>

namespace runnel::disk {
namespace {

// Gone by now, or one high up that is not ours to read or write.
bool is_not_ours(int error) {
  return error == ENOENT || error == ENOTDIR || error == EACCES || error == EPERM || error == EROFS;
}

}  // namespace

std::string parent(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

void make_directories(Disk& disk, const std::string& directory, mode_t mode) {
  const auto make = [&] { return disk.mkdir(directory.c_str(), mode) == 0; };
  if (make() || errno == EEXIST) return;
  if (errno != ENOENT || directory == parent(directory)) throw refused(directory, errno);
  make_directories(disk, parent(directory), mode);
  if (!make() && errno != EEXIST) throw refused(directory, errno);
}

void sync_directory(Disk& disk, const std::string& directory) {
  const int fd = disk.open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd < 0 && is_not_ours(errno)) return;
  if (fd < 0) throw refused(directory, errno);
  const bool synced = disk.fsync(fd) == 0 || errno == EINVAL;  // EINVAL: this file system has no such thing
  const int error = errno;
  disk.close(fd);
  if (!synced) throw SyncFailed(directory, error);
}

}  // namespace runnel::disk
