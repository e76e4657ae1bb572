#include <runnel/disk/disk.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace runnel::disk {

int Disk::open(const char* path, int flags, mode_t mode) {
  return ::open(path, flags, mode);
}
int Disk::close(int fd) {
  return ::close(fd);
}
ssize_t Disk::read(int fd, void* bytes, std::size_t size) {
  return ::read(fd, bytes, size);
}
ssize_t Disk::write(int fd, const void* bytes, std::size_t size) {
  return ::write(fd, bytes, size);
}
int Disk::fdatasync(int fd) {
  return ::fdatasync(fd);
}
int Disk::fsync(int fd) {
  return ::fsync(fd);
}
int Disk::ftruncate(int fd, off_t length) {
  return ::ftruncate(fd, length);
}
int Disk::fstat(int fd, struct stat* status) {
  return ::fstat(fd, status);
}
int Disk::stat(const char* path, struct stat* status) {
  return ::stat(path, status);
}
int Disk::flock(int fd, int operation) {
  return ::flock(fd, operation);
}
int Disk::mkdir(const char* path, mode_t mode) {
  return ::mkdir(path, mode);
}
int Disk::rename(const char* from, const char* to) {
  return ::rename(from, to);
}
int Disk::unlink(const char* path) {
  return ::unlink(path);
}

ssize_t Disk::getrandom(void* bytes, std::size_t size) {
  return ::getrandom(bytes, size, 0);
}

Disk& real_disk() {
  static Disk disk;
  return disk;
}

Error::Error(const std::string& path, int error) : std::runtime_error(path + ": " + std::strerror(error)) {}

}  // namespace runnel::disk
