#pragma once

#include "errands.hpp"

#include <runnel/disk/ledger_file.hpp>
#include <runnel/disk/other_ledgers.hpp>
#include <runnel/disk/output_files.hpp>
#include <runnel/sinks/ledger_store.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace runnel::sinks {

/// A flow's ledger in its file, read, appended to and written anew on a thread of its own; there it also cuts
/// the files that the ledger speaks of, and closes them again, for the sinks to lock.
///
/// What was added is text until it is durable. A sync() that was late goes on: only when it has ended it is
/// known whether its text is in the file, so the next call waits for that first.
/// Outcomes: failed for what the file system refuses. After a sync that failed, and after somebody has
/// removed the ledger, the next sync() writes it anew from what is known here; a cut begins again. Errors:
/// Broken when another process has the ledger or writes a file that is to be cut (75), when the ledger is
/// refused (78).
class LedgerStore final : public flow::LedgerStore {
 public:
  LedgerStore(LedgerStoreParams params, const async::asio::any_io_executor& loop, flow::Clock& clock,
              disk::Disk& disk);

  async::awaitable<flow::Delivered> open(const std::string& cluster, flow::Hurry& hurry) override;
  delivery::Ledger& ledger() override { return *ledger_; }
  void add(const delivery::LedgerEntry& entry) override;
  async::awaitable<flow::Delivered> sync(flow::Hurry& hurry) override;
  async::awaitable<void> close(flow::Hurry& hurry) override;
  async::awaitable<flow::Delivered> see_free(std::vector<std::string> files, flow::Hurry& hurry) override;
  async::awaitable<flow::Delivered> cut(std::vector<delivery::Extent> files, flow::Hurry& hurry) override;

 private:
  // On the thread:
  flow::Delivered open_file(const std::string& cluster);
  flow::Delivered refuse_claimed(const std::vector<std::string>& files);
  flow::Delivered cut_files(const std::vector<delivery::Extent>& files);

  const std::string area_;  // for the log
  const LedgerStoreParams params_;
  disk::Disk& disk_;
  disk::OutputFiles files_;
  std::optional<disk::LedgerFile> file_;
  std::optional<disk::OtherLedgers> others_;
  std::optional<delivery::Ledger> ledger_;  // the loop's once open
  std::string pending_;                     // the loop's: what was added and is not known to be durable
  std::size_t durable_ = 0;                 // bytes of it that are durable by now
  Errands errands_;
};

}  // namespace runnel::sinks
