#pragma once

#include "errands.hpp"

#include <runnel/disk/ledger_file.hpp>
#include <runnel/disk/other_ledgers.hpp>
#include <runnel/disk/output_files.hpp>
#include <runnel/sinks/ledger_store.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace runnel::sinks {

/// A flow's ledger in its file, read, appended to and written anew on a thread of its own; there it also cuts
/// the files that the ledger speaks of, and closes them again, for the sinks to lock.
///
/// The thread has a ledger of its own, which is told what happened with the next sync(): so it is there that
/// text is made, also that of a whole ledger, which with ten thousand files takes tens of milliseconds. A
/// sync() that was late goes on, and the next call waits until it has ended.
/// Outcomes: failed for what the file system refuses. After a sync that failed, and after somebody has
/// removed the ledger, the next sync() writes it anew from what is known here; a cut begins again. Errors:
/// Broken when another process has the ledger or writes a file that is to be cut (75), when the ledger is
/// refused (78).
class LedgerStore final : public flow::LedgerStore {
 public:
  LedgerStore(LedgerStoreParams params, const async::asio::any_io_executor& loop, flow::Clock& clock,
              disk::Disk& disk);

  async::awaitable<flow::Delivered> open(const std::string& cluster, flow::Hurry& hurry) override;
  const delivery::Ledger& ledger() const override { return *ledger_; }
  void add(delivery::LedgerEntry entry) override;
  void answered(std::uint64_t entry) override;
  void unanswered(std::uint64_t entry) override;
  async::awaitable<flow::Delivered> sync(flow::Hurry& hurry) override;
  async::awaitable<void> close(flow::Hurry& hurry) override;
  async::awaitable<flow::Delivered> see_free(std::vector<std::string> files, flow::Hurry& hurry) override;
  async::awaitable<flow::Delivered> cut(std::vector<delivery::Extent> files, flow::Hurry& hurry) override;

 private:
  struct Happened {
    enum class What { added, answered, unanswered } what;
    std::uint64_t number;         // of the entry
    delivery::LedgerEntry entry;  // that was added
  };

  // On the thread:
  flow::Delivered open_file(const std::string& cluster);
  flow::Delivered write(const std::vector<Happened>& news);
  flow::Delivered refuse_claimed(const std::vector<std::string>& files);
  flow::Delivered cut_files(const std::vector<delivery::Extent>& files);

  const std::string area_;  // for the log
  const LedgerStoreParams params_;
  disk::Disk& disk_;
  disk::OutputFiles files_;
  std::optional<disk::LedgerFile> file_;
  std::optional<disk::OtherLedgers> others_;
  std::optional<delivery::Ledger> written_;  // the thread's: what the file says, with `unwritten_`
  std::string unwritten_;                    // the thread's
  std::optional<delivery::Ledger> ledger_;   // the loop's once open
  std::vector<Happened> news_;               // the loop's: what the thread was not told yet
  bool durable_ = true;                      // the loop's: all that was added is
  Errands errands_;
};

}  // namespace runnel::sinks
