#include "disk.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

namespace runnel::sim {
namespace {

using Shared = std::shared_ptr<Inode>;

int refuse(int error) {
  errno = error;
  return -1;
}

// What is long is cut: it is for who reads the diary.
std::string printable(std::string_view bytes) {
  constexpr std::size_t most = 300;
  std::string text(bytes.substr(0, most));
  for (auto& c : text)
    if (c == '\n') c = '|';
  return text + (bytes.size() > most ? "..." : "");
}

void collect(const Inode& directory, const std::string& path, const auto& each) {
  for (const auto& [name, inode] : directory.entries) {
    if (inode->directory)
      collect(*inode, path + '/' + name, each);
    else
      each(path + '/' + name, directory, name, *inode);
  }
}

}  // namespace

std::string_view Inode::durable() const {
  const auto whole = lost < lost_end ? std::min(untouched, lost) : untouched;
  return std::string_view(bytes).substr(0, whole);
}

Machine::Machine(Dice& dice) : dice_(dice), root_(make(true)) {}

Shared Machine::make(bool directory) {
  auto inode = std::make_shared<Inode>();
  inode->number = next_++;
  inode->directory = directory;
  return inode;
}

Shared Machine::parent_of(const std::string& path, std::string& name) const {
  auto directory = root_;
  std::size_t from = 1;
  for (auto slash = path.find('/', from); slash != std::string::npos; slash = path.find('/', from)) {
    const auto found = directory->entries.find(path.substr(from, slash - from));
    if (found == directory->entries.end() || !found->second->directory) return nullptr;
    directory = found->second;
    from = slash + 1;
  }
  name = path.substr(from);
  return directory;
}

Shared Machine::find(const std::string& path) const {
  std::string name;
  const auto directory = parent_of(path, name);
  if (!directory || name.empty()) return directory;
  const auto found = directory->entries.find(name);
  return found == directory->entries.end() ? nullptr : found->second;
}

void Machine::enter(const Shared& directory, const std::string& name, Shared inode) {
  ++version_;
  auto& entry = directory->entries[name];
  changes_.push_back({directory, name, entry, inode, call_});
  if (entry) --entry->names;
  if (inode) ++inode->names;
  if (inode)
    entry = std::move(inode);
  else
    directory->entries.erase(name);
}

void Machine::sync_entries(const Shared& directory) {
  std::erase_if(changes_, [&](const Change& change) { return change.directory == directory; });
}

void Machine::lose_power() {
  grown_.clear();
  ++version_;
  std::map<std::uint64_t, bool> kept;
  for (const auto& change : changes_)
    if (!kept.contains(change.call)) kept[change.call] = dice_.chance(5'000);
  const auto put = [](const Change& change, const Shared& inode) {
    if (inode)
      change.directory->entries[change.name] = inode;
    else
      change.directory->entries.erase(change.name);
  };
  for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) put(*change, change->before);
  for (const auto& change : changes_)
    if (kept[change.call]) put(change, change.after);
  changes_.clear();
  std::set<Inode::Number> torn;
  collect(*root_, "", [&](const auto&, const Inode&, const auto&, Inode& file) {
    if (torn.insert(file.number).second) tear(file);
    file.names = 1;
  });
}

void Machine::tear(Inode& file) {
  const auto spoil = [&](std::size_t from, std::size_t to) {
    const bool zeros = dice_.chance(5'000);
    for (auto at = from; at < to; ++at) file.bytes[at] = zeros ? '\0' : static_cast<char>(dice_.draw());
  };
  if (dice_.chance(3'000)) {
    file.bytes = file.synced;
  } else {
    file.bytes.resize(file.untouched + dice_.below(file.bytes.size() - file.untouched + 1));
    const auto size = file.bytes.size();
    if (file.lost < std::min(file.lost_end, size)) spoil(file.lost, std::min(file.lost_end, size));
    if (dice_.chance(5'000)) spoil(file.untouched + dice_.below(size - file.untouched + 1), size);
  }
  file.synced = file.bytes;
  file.untouched = file.bytes.size();
  file.lost = file.lost_end = 0;
}

const std::string* Machine::bytes(const std::string& path) const {
  const auto inode = find(path);
  return inode && !inode->directory ? &inode->bytes : nullptr;
}

std::map<std::string, std::string> Machine::files(bool durable) const {
  std::map<std::string, std::string> result;
  std::set<std::pair<const Inode*, std::string>> doubtful;
  if (durable)
    for (const auto& change : changes_) doubtful.emplace(change.directory.get(), change.name);
  const auto visit = [&](const auto& self, const Inode& directory, const std::string& path) -> void {
    for (const auto& [name, inode] : directory.entries) {
      if (doubtful.contains({&directory, name})) continue;
      if (inode->directory)
        self(self, *inode, path + '/' + name);
      else
        result.emplace(path + '/' + name, durable ? inode->durable() : std::string_view(inode->bytes));
    }
  };
  visit(visit, *root_, "");
  return result;
}

void Mount::die() {
  dead_ = true;
  for (const auto& [fd, open] : open_)
    if (open.inode->locked == fd) open.inode->locked = -1;
  open_.clear();
}

// False: the process is dead, or dies here.
bool Mount::enters(const char* call, const std::string& path) {
  if (!dead_) blocks();
  if (!dead_ && fails(faults.death)) {
    told("dies at", std::string(call) + ' ' + path);
    die();
    died();
  }
  errno = EIO;
  if (!dead_) told(call, path);
  ++machine_.call_;
  return !dead_;
}

Mount::Open* Mount::opened(int fd) {
  const auto found = open_.find(fd);
  return found == open_.end() ? nullptr : &found->second;
}

int Mount::open(const char* path, int flags, mode_t) {
  if (!enters("open", path)) return -1;
  if (fails(faults.open)) return refuse(EMFILE);
  std::string name;
  const auto directory = machine_.parent_of(path, name);
  if (!directory) return refuse(ENOENT);
  auto inode = machine_.find(path);
  if (inode && (flags & O_EXCL) != 0) return refuse(EEXIST);
  if (!inode && (flags & O_CREAT) == 0) return refuse(ENOENT);
  if (!inode) {
    if (machine_.room == 0) return refuse(ENOSPC);
    inode = machine_.make(false);
    machine_.enter(directory, name, inode);
  }
  if (inode->directory && (flags & O_ACCMODE) != O_RDONLY) return refuse(EISDIR);
  if (!inode->directory && (flags & O_DIRECTORY) != 0) return refuse(ENOTDIR);
  const int fd = machine_.next_descriptor_++;
  open_[fd] = {inode, path, flags, 0};
  return fd;
}

int Mount::close(int fd) {
  auto* open = opened(fd);
  if (open == nullptr) return refuse(EBADF);
  if (open->inode->locked == fd) open->inode->locked = -1;
  open_.erase(fd);
  return 0;
}

ssize_t Mount::read(int fd, void* bytes, std::size_t size) {
  if (!enters("read", std::to_string(fd))) return -1;
  auto* open = opened(fd);
  if (open == nullptr) return refuse(EBADF);
  const auto& all = open->inode->bytes;
  const auto count = std::min(size, all.size() - std::min(all.size(), open->at));
  std::memcpy(bytes, all.data() + open->at, count);
  open->at += count;
  return static_cast<ssize_t>(count);
}

ssize_t Mount::write(int fd, const void* bytes, std::size_t size) {
  auto* open = opened(fd);
  if (open == nullptr) return refuse(dead_ ? EIO : EBADF);
  const auto inode = open->inode;
  const auto path = open->path;
  const auto put = [&](std::size_t count) {
    machine_.grown_.insert(path);
    inode->bytes.append(static_cast<const char*>(bytes), count);
    if (machine_.room != Machine::plenty) machine_.room -= count;
    return static_cast<ssize_t>(count);
  };
  if (!enters("write", path + ": " + printable(std::string_view(static_cast<const char*>(bytes), size))))
    return -1;
  if (fails(faults.death)) {  // amid it
    put(dice_.below(std::min(size, machine_.room) + 1));
    told("dies amid", "write " + path);
    die();
    died();
    return refuse(EIO);
  }
  if (fails(faults.write)) return refuse(EIO);
  if (machine_.room == 0) return refuse(ENOSPC);
  const auto most = std::min(size, machine_.room);
  return put(faults.write > 0 && dice_.chance(500) ? 1 + dice_.below(most) : most);
}

int Mount::fdatasync(int fd) {
  const auto* open = opened(fd);
  if (open == nullptr) return refuse(dead_ ? EIO : EBADF);
  const auto path = open->path;
  if (!enters("fdatasync", path)) return -1;
  auto& file = *opened(fd)->inode;
  if (fails(faults.sync)) {
    if (file.untouched < file.bytes.size()) {
      ++machine_.version_;
      file.lost = file.lost < file.lost_end ? std::min(file.lost, file.untouched) : file.untouched;
      file.lost_end = file.bytes.size();
    }
    told("fails", "fdatasync " + path);
    return refuse(EIO);
  }
  file.synced = file.bytes;
  for (auto at = file.lost; at < file.lost_end; ++at) file.synced[at] = '\0';
  file.untouched = file.bytes.size();
  return 0;
}

int Mount::fsync(int fd) {
  const auto* open = opened(fd);
  if (open == nullptr) return refuse(dead_ ? EIO : EBADF);
  if (!open->inode->directory) return fdatasync(fd);
  const auto path = open->path;
  if (!enters("fsync", path)) return -1;
  if (fails(faults.directory)) {
    told("fails", "fsync " + path);
    return refuse(EIO);
  }
  machine_.sync_entries(opened(fd)->inode);
  return 0;
}

int Mount::ftruncate(int fd, off_t length) {
  const auto* open = opened(fd);
  if (open == nullptr) return refuse(dead_ ? EIO : EBADF);
  const auto path = open->path;
  if (!enters("ftruncate", path + ' ' + std::to_string(length))) return -1;
  if (fails(faults.cut)) return refuse(EIO);
  auto& file = *opened(fd)->inode;
  const auto size = static_cast<std::size_t>(length);
  ++machine_.version_;
  file.bytes.resize(size);
  file.untouched = std::min(file.untouched, size);
  file.lost_end = std::min(file.lost_end, size);
  if (file.lost >= file.lost_end) file.lost = file.lost_end = 0;
  return 0;
}

void Mount::describe(const Inode& inode, struct stat& status) const {
  status = {};
  status.st_mode = inode.directory ? S_IFDIR | 0750 : S_IFREG | 0640;
  status.st_ino = inode.number;
  status.st_dev = ::makedev(4095, 0);  // of no file of this machine's own
  status.st_uid = ::geteuid();
  status.st_nlink = static_cast<nlink_t>(inode.names);
  status.st_size = static_cast<off_t>(inode.bytes.size());
}

int Mount::fstat(int fd, struct stat* status) {
  const auto* open = opened(fd);
  if (open == nullptr) return refuse(dead_ ? EIO : EBADF);
  describe(*open->inode, *status);
  return 0;
}

int Mount::stat(const char* path, struct stat* status) {
  if (dead_) return refuse(EIO);
  const auto inode = machine_.find(path);
  if (!inode) return refuse(ENOENT);
  describe(*inode, *status);
  return 0;
}

int Mount::list(const char* directory, std::vector<std::string>& names) {
  if (dead_) return refuse(EIO);
  const auto inode = machine_.find(directory);
  if (!inode) return refuse(ENOENT);
  if (!inode->directory) return refuse(ENOTDIR);
  for (const auto& [name, entry] : inode->entries) names.push_back(name);
  return 0;
}

int Mount::flock(int fd, int operation) {
  const auto* open = opened(fd);
  if (open == nullptr) return refuse(dead_ ? EIO : EBADF);
  auto& holder = open->inode->locked;
  if ((operation & LOCK_UN) != 0) {
    if (holder == fd) holder = -1;
    return 0;
  }
  if (holder != -1 && holder != fd) return refuse(EWOULDBLOCK);
  holder = fd;
  return 0;
}

int Mount::mkdir(const char* path, mode_t) {
  if (!enters("mkdir", path)) return -1;
  std::string name;
  const auto directory = machine_.parent_of(path, name);
  if (!directory) return refuse(ENOENT);
  if (name.empty() || directory->entries.contains(name)) return refuse(EEXIST);
  machine_.enter(directory, name, machine_.make(true));
  return 0;
}

int Mount::rename(const char* from, const char* to) {
  if (!enters("rename", std::string(from) + ' ' + to)) return -1;
  if (fails(faults.rename)) return refuse(EIO);
  std::string old_name, new_name;
  const auto old_directory = machine_.parent_of(from, old_name);
  const auto new_directory = machine_.parent_of(to, new_name);
  if (!old_directory || !new_directory) return refuse(ENOENT);
  const auto found = old_directory->entries.find(old_name);
  if (found == old_directory->entries.end()) return refuse(ENOENT);
  const auto inode = found->second;
  for (auto& [fd, open] : open_)
    if (open.inode == inode) open.path = to;
  machine_.enter(new_directory, new_name, inode);
  machine_.enter(old_directory, old_name, nullptr);
  return 0;
}

int Mount::unlink(const char* path) {
  if (!enters("unlink", path)) return -1;
  std::string name;
  const auto directory = machine_.parent_of(path, name);
  if (!directory || !directory->entries.contains(name)) return refuse(ENOENT);
  machine_.enter(directory, name, nullptr);
  return 0;
}

ssize_t Mount::getrandom(void* bytes, std::size_t size) {
  if (dead_) return refuse(EIO);
  for (std::size_t at = 0; at < size; ++at)
    static_cast<unsigned char*>(bytes)[at] = static_cast<unsigned char>(dice_.draw());
  return static_cast<ssize_t>(size);
}

}  // namespace runnel::sim
