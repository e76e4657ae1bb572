#pragma once

#include <runnel/delivery/ledger.hpp>
#include <runnel/disk/disk.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace runnel::disk {

/// How the name of every ledger's file ends.
inline constexpr std::string_view ledger_suffix = ".ledger";

/// Whose ledger it is, and where it lies: DIRECTORY/FLOW-CRC32.ledger, the checksum of cluster and group.
struct LedgerParams {
  std::string directory;  // made as needed, 0750 less the umask
  std::string flow;
  std::string cluster;
  std::string group;
};

/// The file is there, and no retry makes a ledger of it that can be believed. It is left as it is.
class LedgerRefused : public Error {
 public:
  using Error::Error;
};

/// One ledger's file: opened or begun, locked (flock) for as long as it is open, appended to, written anew.
///
/// It is written anew under another name and renamed, also each time it is opened: that begins one, cuts off
/// what a power loss left of the last append, brings an older format up to date, and makes durable what a
/// process read from memory after the disk had failed to take it. So whenever a process dies, a whole ledger
/// stands under the name, with all that was appended before.
/// After a sync that failed nobody knows what the file holds on the disk, and after somebody has removed it
/// there is none: then only rewrite() helps, and rewrite_due() says so.
/// Errors: throws Error with path and reason when the file system refuses, and then nothing of the call
/// counts and what it was to say may be said again; LedgerRefused; Locked when another process has the
/// ledger. Thread: one at a time, any. Lifetime: the disk outlives it.
class LedgerFile {
 public:
  LedgerFile(Disk& disk, LedgerParams params);
  LedgerFile(const LedgerFile&) = delete;
  LedgerFile& operator=(const LedgerFile&) = delete;
  ~LedgerFile() { close(); }

  /// Reads the ledger there is, or begins one with an id of its own.
  delivery::Ledger open();

  // Once open:

  /// Durable when it returns. Not when rewrite_due().
  void append(std::string_view text);

  /// Whether to write it anew in place of appending so many bytes.
  bool rewrite_due(std::size_t bytes) const;

  /// Makes `whole` all that it says; durable when it returns. Where it was removed it is made again.
  void rewrite(std::string_view whole);

  const std::string& path() const { return path_; }

 private:
  void make_directory();
  void open_locked();
  Error cannot_open_own(int error);
  void lock(int fd);
  delivery::Ledger read_ledger();
  bool in_place() const;
  bool removed() const;
  void must_be_in_place();
  void sync_directories();
  int write(int fd, std::string_view bytes);
  void close();

  Disk& disk_;
  const LedgerParams params_;
  const std::string path_;
  int fd_ = -1;
  std::uint64_t length_ = 0;    // bytes that hold
  std::uint64_t when_new_ = 0;  // bytes when it was written anew
  bool torn_ = false;           // more stands behind length_: of an append that broke off
  bool lost_ = false;           // it was removed, or a sync failed: it must be written anew
};

}  // namespace runnel::disk
