#pragma once

#include <runnel/delivery/record.hpp>
#include <runnel/disk/disk.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace runnel::disk {

/// A file that is being appended to. It is locked (flock) for as long as it is open.
struct OutputFile {
  std::string path;
  int fd = -1;
  dev_t device = 0;
  ino_t inode = 0;
  std::uint64_t length = 0;  // bytes
  bool unsynced = false;
  std::uint64_t used = 0;                 // last, after so many sync()s
  std::set<delivery::Partition> writers;  // since it was opened; for whoever writes to keep
};

struct OutputParams {
  mode_t mode = 0640;      // of files; directories get x where it has r (0750); both less the umask
  std::size_t most = 512;  // files open at once, at least 1
};

/// The files a sink appends to: opens, locks, grows, syncs and cuts them; keeps the ones used last open.
///
/// Only regular files, and the path must not end in a symbolic link (links to directories are fine): what is
/// locked, measured, cut and removed must be the very file of that name. Directories are made as needed.
/// Errors: throws Error with path and reason when the file system refuses (what was written stays counted),
/// Locked when somebody else has the file open for writing, SyncFailed as said there.
/// Thread: one at a time, any. Lifetime: the disk outlives it.
class OutputFiles {
 public:
  OutputFiles(Disk& disk, OutputParams params) : disk_(disk), params_(params) {}
  OutputFiles(const OutputFiles&) = delete;
  OutputFiles& operator=(const OutputFiles&) = delete;
  ~OutputFiles();

  /// The file of this path, made if there is none; the same one as before unless somebody has moved or
  /// removed it. May close (and sync) the one unused for longest: a reference lives until the next open(),
  /// truncate() or remove().
  OutputFile& open(const std::string& path);

  /// The same for a file that is there; nullptr: there is none, and none is made.
  OutputFile* open_if_there(const std::string& path);

  /// The file if it is open, whatever stands under its path by now; else nullptr.
  OutputFile* find(const std::string& path);

  /// One write(2), again only if a signal interrupted it; returns how many bytes the file took.
  std::size_t write(OutputFile& file, std::string_view bytes);

  /// Cuts the file back. It is missing, or shorter than that: it stays as it is, and the answer is false.
  bool truncate(const std::string& path, std::uint64_t length);

  /// Removes the file if there is one.
  void remove(const std::string& path);

  /// Makes durable what was written, made, cut and removed since the last sync(). Costs what was used since
  /// then, however many are open.
  void sync();

  /// Closes the file if it is open, and lets its lock go; what was not synced stays so.
  void close(const std::string& path);

  /// The same for all files that `gone` picks.
  template <class Gone>
  void close_if(Gone gone) {
    for (auto file = files_.begin(); file != files_.end();) {
      const auto next = std::next(file);
      if (gone(*file)) forget(file);
      file = next;
    }
  }

  /// How many may be open from now on, at least 1. What is too many is closed with the next that is opened.
  void share(std::size_t most) { params_.most = most; }

  /// Closes half of the files, so that others have descriptors; those that were not synced stay open.
  void spare();

 private:
  using Files = std::list<OutputFile>;

  OutputFile* find_in_place(const std::string& path);
  OutputFile* open_existing(const std::string& path);
  int try_open(const std::string& path, int flags);
  OutputFile* add(const std::string& path, int fd);
  void admit(OutputFile& file);
  void shrink(std::size_t left);
  void remember_directories(const std::string& path);
  void sync_file(Files::iterator file);
  void forget(Files::iterator file);

  Disk& disk_;
  OutputParams params_;
  Files files_;  // the one used last comes first
  std::unordered_map<std::string, Files::iterator> by_path_;
  std::uint64_t syncs_ = 0;
  std::set<std::string> directories_;  // whose entries are not synced
};

}  // namespace runnel::disk
