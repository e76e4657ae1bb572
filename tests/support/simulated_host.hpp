#pragma once

#include <runnel/delivery/ledger_file.hpp>
#include <runnel/flow/ledger_store.hpp>
#include <runnel/flow/sink.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace runnel::tests {

/// A host's disk, which outlives the lives of a flow: files of records, each a unit long, and a ledger. What
/// was not synced outlives a killed process, and not a loss of power.
///
/// A sync may be told to fail. Then what it was to make durable never is: a later sync of the same bytes says
/// that all is well, and it is not.
///
/// A call waits before each thing it does, so that a life can end amid everything: between two records of a
/// batch, between data and ledger, amid the ledger's append.
struct SimulatedHost {
  using Record = std::pair<delivery::Partition, std::int64_t>;
  struct File {
    std::vector<Record> records;
    std::size_t durable = 0;
    bool named = false;    // its directory was synced
    bool dropped = false;  // a sync has failed: what is not durable never is
  };

  std::map<std::string, File> files;
  std::string ledger;
  std::size_t durable_ledger = 0;
  bool shared = false;                      // one file for all partitions
  bool held = false;                        // a flow has the ledger open
  bool claimed = false;                     // another ledger speaks of its files
  int syncs = 0;                            // so far
  int failing_from = 0, failing_until = 0;  // of them
  int unsure_deliveries = 0;   // so many of the next: a file had to be closed, and its sync failed
  std::set<std::string> idle;  // files, to be closed by the next prepare()

  /// The next sync works.
  bool syncs_well() {
    ++syncs;
    return syncs < failing_from || syncs >= failing_until;
  }

  /// False: it failed.
  bool sync(File& file) {
    const bool well = syncs_well();
    if (!well) file.dropped = true;
    if (!file.dropped) file.durable = file.records.size();
    return well;
  }
  bool sync_name(File& file) {
    if (file.named) return true;
    if (!syncs_well()) return false;
    return file.named = true;
  }

  std::string path_of(const delivery::Partition& partition) const {
    return shared ? "all" : partition.topic + std::to_string(partition.number);
  }

  /// A power loss leaves what was durable, and of the ledger's last append any part.
  void lose_power(std::size_t torn) {
    std::erase_if(files, [](const auto& each) { return !each.second.named; });
    for (auto& [path, file] : files) file.records.resize(std::min(file.records.size(), file.durable));
    ledger.resize(std::min(ledger.size(), durable_ledger + torn));
  }

  std::map<delivery::Partition, std::vector<std::int64_t>> offsets(bool durable = false) const {
    std::map<delivery::Partition, std::vector<std::int64_t>> result;
    for (const auto& [path, file] : files)
      for (std::size_t i = 0; i < (durable ? file.durable : file.records.size()); ++i)
        result[file.records[i].first].push_back(file.records[i].second);
    return result;
  }
};

/// Appends to a SimulatedHost's files as the file sink does to real ones.
class SimulatedFileSink final : public flow::Sink {
 public:
  SimulatedFileSink(async::asio::any_io_executor loop, SimulatedHost& host)
      : loop_(std::move(loop)), host_(host) {}

  async::awaitable<flow::Delivered> deliver(const delivery::Batch& batch, flow::Hurry&) override {
    if (batch.owner != batch_) {
      take_back();
      asked_.clear();
      batch_ = batch.owner;
    }
    co_await others_turn();
    if (host_.unsure_deliveries > 0) {
      --host_.unsure_deliveries;
      for (auto& [path, file] : host_.files) file.dropped = true;
      co_return flow::Delivered{flow::Outcome::unsure, "told to fail"};
    }
    known_.merge(asked_);
    flow::Delivered result;
    std::map<std::string, std::set<delivery::Partition>> writers;
    for (const auto& record : batch.records)
      writers[host_.path_of(*record.partition)].insert(*record.partition);
    for (const auto& [path, partitions] : writers) {
      if (known_.contains(path)) continue;
      result.outcome = flow::Outcome::unannounced;
      const auto file = host_.files.find(path);
      const auto length = file == host_.files.end() ? 0 : file->second.records.size();
      result.extents.push_back({path, length, {partitions.begin(), partitions.end()}});
      asked_.insert(path);
    }
    if (result.outcome != flow::Outcome::done) co_return result;
    for (const auto& [path, partitions] : writers) before_.emplace(path, host_.files[path].records.size());
    for (const auto& record : batch.records) {
      co_await others_turn();
      host_.files[host_.path_of(*record.partition)].records.emplace_back(*record.partition, record.offset);
    }
    for (const auto& [path, partitions] : writers) {
      auto& extent = changed_[path];
      extent.file = path;
      extent.length = host_.files[path].records.size();
      for (const auto& partition : partitions)
        if (std::ranges::find(extent.partitions, partition) == extent.partitions.end())
          extent.partitions.push_back(partition);
    }
    before_.clear();
    batch_.reset();
    co_return result;
  }

  async::awaitable<flow::Delivered> prepare(flow::Hurry&) override {
    flow::Delivered result;
    for (auto& [path, file] : host_.files) {
      co_await others_turn();
      const bool synced = host_.sync(file);
      co_await others_turn();
      if (synced && host_.sync_name(file)) continue;
      result.outcome = flow::Outcome::unsure;
      result.reason = path + ": told to fail";
      co_return result;
    }
    for (auto& [path, extent] : std::exchange(changed_, {})) result.extents.push_back(std::move(extent));
    for (const auto& path : std::exchange(host_.idle, {})) {
      known_.erase(path);
      result.closed.push_back(path);
    }
    co_return result;
  }

  async::awaitable<flow::Delivered> give_up(std::span<const delivery::Partition> partitions,
                                            flow::Hurry&) override {
    co_await others_turn();
    take_back();
    for (const auto& partition : partitions) {
      known_.erase(host_.path_of(partition));
      changed_.erase(host_.path_of(partition));
    }
    co_return flow::Delivered();
  }
  async::awaitable<void> stop(flow::Hurry&) override {
    co_await others_turn();
    take_back();
  }

 private:
  async::awaitable<void> others_turn() { co_await async::asio::post(loop_, async::asio::use_awaitable); }
  void take_back() {
    for (const auto& [path, length] : std::exchange(before_, {})) host_.files[path].records.resize(length);
  }

  async::asio::any_io_executor loop_;
  SimulatedHost& host_;
  std::shared_ptr<const void> batch_;          // not written whole yet
  std::map<std::string, std::size_t> before_;  // how long its files were
  std::set<std::string> known_, asked_;
  std::map<std::string, delivery::Extent> changed_;
};

/// The ledger of a SimulatedHost.
class SimulatedLedger final : public flow::LedgerStore {
 public:
  SimulatedLedger(async::asio::any_io_executor loop, SimulatedHost& host, std::uint64_t id)
      : loop_(std::move(loop)), host_(host), id_(id) {}

  async::awaitable<flow::Delivered> open(const std::string& cluster, flow::Hurry&) override {
    co_await others_turn();
    if (host_.ledger.empty()) {
      host_.ledger = delivery::to_text(delivery::LedgerName{id_, cluster, "g"});
      host_.durable_ledger = host_.ledger.size();
    }
    auto replayed = delivery::replay(host_.ledger);
    if (replayed.outcome > delivery::Replayed::torn) throw std::logic_error("the ledger: " + replayed.why);
    host_.ledger.resize(replayed.end);
    host_.durable_ledger = replayed.end;
    ledger_ = std::move(replayed.ledger);
    host_.held = true;
    co_return flow::Delivered();
  }

  const delivery::Ledger& ledger() const override { return ledger_; }

  void add(delivery::LedgerEntry entry) override {
    ledger_.add(entry);
    pending_ += delivery::to_text(ledger_.name(), entry);
  }
  void answered(std::uint64_t entry) override { ledger_.answered(entry); }
  void unanswered(std::uint64_t entry) override { ledger_.unanswered(entry); }

  async::awaitable<flow::Delivered> sync(flow::Hurry&) override {
    if (pending_.empty()) co_return flow::Delivered();
    co_await others_turn();
    if (failed_)
      host_.ledger = delivery::written_anew(ledger_);
    else
      host_.ledger += pending_;
    co_await others_turn();
    failed_ = !host_.syncs_well();
    if (failed_) co_return flow::Delivered{flow::Outcome::failed, "the ledger: told to fail"};
    host_.durable_ledger = host_.ledger.size();
    pending_.clear();
    co_return flow::Delivered();
  }

  async::awaitable<flow::Delivered> see_free(std::vector<std::string>, flow::Hurry&) override {
    co_await others_turn();
    flow::Delivered result;
    if (host_.claimed) result = flow::Delivered{flow::Outcome::failed, "t0: another ledger speaks of it"};
    co_return result;
  }

  async::awaitable<flow::Delivered> cut(std::vector<delivery::Extent> files, flow::Hurry&) override {
    for (const auto& [path, length, partitions] : files) {
      co_await others_turn();
      const auto file = host_.files.find(path);
      if (file == host_.files.end()) continue;
      if (length == 0) {
        host_.files.erase(file);
      } else if (file->second.records.size() >= length) {
        file->second.records.resize(length);
        if (file->second.durable >= length) file->second.dropped = false;
        file->second.durable = std::min(file->second.durable, length);
        const bool synced = host_.sync(file->second) && host_.sync_name(file->second);
        if (!synced) co_return flow::Delivered{flow::Outcome::failed, path + ": told to fail"};
      }
    }
    co_return flow::Delivered();
  }

  async::awaitable<void> close(flow::Hurry&) override {
    co_await others_turn();
    host_.held = false;
  }

 private:
  async::awaitable<void> others_turn() { co_await async::asio::post(loop_, async::asio::use_awaitable); }

  async::asio::any_io_executor loop_;
  SimulatedHost& host_;
  std::uint64_t id_;
  delivery::Ledger ledger_{delivery::LedgerName()};
  std::string pending_;
  bool failed_ = false;  // the last sync
};

}  // namespace runnel::tests
