#include <runnel/disk/disk.hpp>

#include <sys/sysmacros.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <sstream>

namespace runnel::disk {
namespace {

// "1: FLOCK  ADVISORY  WRITE 1234 fe:01:5678 0 EOF"; a lock that somebody waits for has "->" as second word.
std::optional<long> pid_in(const std::string& line, const struct stat& file) {
  std::istringstream words(line);
  std::string number, kind, advisory, access;
  long pid = 0;
  unsigned long long major = 0, minor = 0, inode = 0;
  char colon = 0;
  words >> number >> kind >> advisory >> access >> pid;
  words >> std::hex >> major >> colon >> minor >> colon >> std::dec >> inode;
  const bool is_it = words && kind == "FLOCK" && inode == file.st_ino && major == ::major(file.st_dev) &&
                     minor == ::minor(file.st_dev);
  return is_it && pid > 0 ? std::optional(pid) : std::nullopt;  // 0: in another namespace of pids
}

std::string describe(long pid) {
  if (pid == ::getpid()) return "this process itself";
  std::string name;
  std::ifstream comm("/proc/" + std::to_string(pid) + "/comm");
  std::getline(comm, name);
  return "process " + std::to_string(pid) + (name.empty() ? "" : " (" + name + ")");
}

}  // namespace

std::string holder(const struct stat& file) {
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    if (const auto pid = pid_in(line, file)) return describe(*pid);
  }
  return "another process";
}

}  // namespace runnel::disk
