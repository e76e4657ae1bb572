#pragma once

#include "dice.hpp"

#include <runnel/disk/disk.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace runnel::sim {

/// What stands under an inode number: a file's bytes or a directory's entries, each as the processes see it
/// and as the platter has it.
struct Inode {
  using Number = std::uint64_t;
  using Entries = std::map<std::string, std::shared_ptr<Inode>>;

  Number number = 0;
  bool directory = false;
  int names = 0;    // how many entries lead to it
  int locked = -1;  // the descriptor that has its flock

  std::string bytes;          // as a read gives them
  std::string synced;         // as they were after the last sync that counted
  std::size_t untouched = 0;  // so many of `bytes` are surely on the platter: the shortest it was since then
  std::size_t lost = 0;       // the bytes from here to `lost_end` were dropped by a sync that failed
  std::size_t lost_end = 0;

  Entries entries;

  /// What of it a loss of power cannot take.
  std::string_view durable() const;
};

/// A disk as one machine has it: bytes and names that were not synced live until the power goes, and then any
/// part of them is gone.
///
/// After a loss of power a file has either the bytes of its last sync, or those of a moment since then with a
/// tail that is cut off, zero, or garbage; each name that was made, moved or removed since its directory was
/// synced is as it was before, or as it is. What a failed fdatasync dropped is gone with the power even when
/// a later one succeeds. Root is "/". Lifetime: outlives its mounts. Thread: the simulation's only.
class Machine {
 public:
  explicit Machine(Dice& dice);

  static constexpr std::size_t plenty = 1 << 30;
  std::size_t room = plenty;  // bytes until ENOSPC

  /// Every mount is gone: forgets what was not synced.
  void lose_power();

  /// Each file with its path: as processes see it, or (`durable`) what a loss of power cannot take.
  std::map<std::string, std::string> files(bool durable) const;

  /// One file, as processes see it; nullptr: there is none.
  const std::string* bytes(const std::string& path) const;

  /// The files that were appended to since this was last asked.
  std::set<std::string> grown() { return std::exchange(grown_, {}); }

  /// Rises with everything that may take bytes away from what is durable.
  std::uint64_t version() const { return version_; }

 private:
  friend class Mount;

  // A change of a directory that is not synced.
  struct Change {
    std::shared_ptr<Inode> directory;
    std::string name;
    std::shared_ptr<Inode> before, after;
    std::uint64_t call = 0;  // a rename makes two changes with one number: both are kept, or none
  };

  std::shared_ptr<Inode> make(bool directory);
  std::shared_ptr<Inode> find(const std::string& path) const;
  std::shared_ptr<Inode> parent_of(const std::string& path, std::string& name) const;
  void enter(const std::shared_ptr<Inode>& directory, const std::string& name, std::shared_ptr<Inode> inode);
  void sync_entries(const std::shared_ptr<Inode>& directory);
  void tear(Inode& file);

  Dice& dice_;
  Inode::Number next_ = 1;
  int next_descriptor_ = 3;
  std::uint64_t version_ = 0;
  std::uint64_t call_ = 0;
  std::set<std::string> grown_;
  std::vector<Change> changes_;  // oldest first
  std::shared_ptr<Inode> root_;
};

/// How likely each call is to fail, in 10,000.
struct DiskFaults {
  int write = 0;      // EIO
  int sync = 0;       // EIO of fdatasync, of a file: what was unsynced is dropped
  int directory = 0;  // EIO of fsync, of a directory
  int open = 0;       // EMFILE
  int cut = 0;        // EIO of ftruncate
  int rename = 0;     // EIO
  int death = 0;      // the process dies at, or amid, the call
};

/// The disk as one process has it. Once it is dead nothing it calls has any effect, and its locks are free.
class Mount final : public disk::Disk {
 public:
  Mount(Machine& machine, Dice& dice) : machine_(machine), dice_(dice) {}
  ~Mount() override { die(); }
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;

  DiskFaults faults;
  std::function<void(const char* call, const std::string& path)> told = [](const char*, const std::string&) {
  };
  std::function<void()> died = [] {};    // by DiskFaults::death
  std::function<void()> blocks = [] {};  // before each call that may take long: others may run meanwhile

  void die();
  bool dead() const { return dead_; }

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

 private:
  struct Open {
    std::shared_ptr<Inode> inode;
    std::string path;
    int flags = 0;
    std::size_t at = 0;
  };

  bool enters(const char* call, const std::string& path);
  bool fails(int in_ten_thousand) { return in_ten_thousand > 0 && dice_.chance(in_ten_thousand); }
  Open* opened(int fd);
  void describe(const Inode& inode, struct stat& status) const;

  Machine& machine_;
  Dice& dice_;
  std::map<int, Open> open_;
  bool dead_ = false;
};

}  // namespace runnel::sim
