#include "ledger_store.hpp"

#include "answers.hpp"
#include "attempt.hpp"

#include <runnel/delivery/ledger_file.hpp>
#include <runnel/telemetry/log.hpp>

#include <tuple>
#include <utility>

namespace runnel::sinks {

using async::awaitable;
using delivery::Extent;

// Few are open at once: each is cut and done with.
LedgerStore::LedgerStore(LedgerStoreParams params, const async::asio::any_io_executor& loop,
                         flow::Clock& clock, disk::Disk& disk)
    : area_("flow " + params.flow),
      params_(std::move(params)),
      disk_(disk),
      files_(disk, {.most = 4}),
      errands_(loop, clock, params_.errands, params_.descriptors, [this] { files_.spare(); }) {}

awaitable<flow::Delivered> LedgerStore::open(const std::string& cluster, flow::Hurry& hurry) {
  const bool free = co_await errands_.idle(hurry);
  if (!free) co_return late();
  if (ledger_) co_return flow::Delivered();  // perhaps by a call that was late
  auto call = attempt([this, cluster] { return open_file(cluster); });
  auto result = co_await errands_.run(std::move(call), hurry);
  co_return result;
}

void LedgerStore::add(delivery::LedgerEntry entry) {
  ledger_->add(entry);
  news_.push_back({Happened::What::added, entry.sequence, std::move(entry)});
  durable_ = false;
}

void LedgerStore::answered(std::uint64_t entry) {
  ledger_->answered(entry);
  news_.push_back({Happened::What::answered, entry, {}});
}

void LedgerStore::unanswered(std::uint64_t entry) {
  ledger_->unanswered(entry);
  news_.push_back({Happened::What::unanswered, entry, {}});
}

awaitable<flow::Delivered> LedgerStore::sync(flow::Hurry& hurry) {
  if (durable_) co_return flow::Delivered();
  const bool free = co_await errands_.idle(hurry);
  if (!free) co_return late();
  auto call = attempt([this, news = std::exchange(news_, {})] { return write(news); });
  durable_ = true;  // but for what is added meanwhile
  auto result = co_await errands_.run(std::move(call), hurry);
  if (result.outcome != flow::Outcome::done) durable_ = false;
  co_return result;
}

awaitable<flow::Delivered> LedgerStore::see_free(std::vector<std::string> files, flow::Hurry& hurry) {
  const bool free = co_await errands_.idle(hurry);
  if (!free) co_return late();
  auto call = attempt([this, files = std::move(files)] { return refuse_claimed(files); });
  auto result = co_await errands_.run(std::move(call), hurry);
  co_return result;
}

awaitable<flow::Delivered> LedgerStore::cut(std::vector<Extent> files, flow::Hurry& hurry) {
  auto call = attempt([this, files = std::move(files)] { return cut_files(files); });
  auto result = co_await errands_.run(std::move(call), hurry);
  co_return result;
}

awaitable<void> LedgerStore::close(flow::Hurry& hurry) {
  auto call = attempt([this] {
    file_.reset();
    files_.close_if([](const disk::OutputFile&) { return true; });
    return flow::Delivered();
  });
  std::ignore = co_await errands_.run(std::move(call), hurry);
}

flow::Delivered LedgerStore::open_file(const std::string& cluster) {
  file_.emplace(disk_, disk::LedgerParams{params_.state_dir, params_.flow, cluster, params_.group});
  written_.emplace(file_->open());
  ledger_ = written_;
  others_.emplace(disk_, file_->path());
  telemetry::info(area_, "its ledger is {}", file_->path());
  return {};
}

flow::Delivered LedgerStore::write(const std::vector<Happened>& news) {
  for (const auto& [what, number, entry] : news) {
    switch (what) {
      case Happened::What::added:
        written_->add(entry);
        unwritten_ += to_text(written_->name(), entry);
        break;
      case Happened::What::answered:
        written_->answered(number);
        break;
      case Happened::What::unanswered:
        written_->unanswered(number);
        break;
    }
  }
  if (unwritten_.empty()) return {};  // by a call that was late
  if (file_->rewrite_due(unwritten_.size()))
    file_->rewrite(written_anew(*written_));
  else
    file_->append(unwritten_);
  unwritten_.clear();
  return {};
}

flow::Delivered LedgerStore::refuse_claimed(const std::vector<std::string>& files) {
  if (const auto claimed = others_->find_claim(files))
    throw disk::Error(
        claimed->file + ": " + claimed->ledger +
        " speaks of this file too, and whoever opens that one would cut it; if the flow was renamed, stop, "
        "and rename that ledger to " +
        file_->path() + "; else start and stop what it belongs to once more, or move it away");
  return {};
}

// When it fails the files stay open: they know what is not durable yet, and the same call comes again.
flow::Delivered LedgerStore::cut_files(const std::vector<Extent>& files) {
  for (const auto& [path, length, partitions] : files) {
    const auto* file = files_.open_if_there(path);
    const auto before = file != nullptr ? file->length : 0;
    if (length == 0) {
      files_.remove(path);
    } else if (!files_.truncate(path, length)) {
      telemetry::warn(area_,
                      "{}: is missing, or shorter than the {} bytes of its last checkpoint: somebody has "
                      "moved or cut it; of "
                      "the moved one only so many bytes count, and what stands behind them comes again",
                      path, length);
    }
    if (before > length)
      telemetry::info(area_, "{}: cut from {} to {} bytes, the end of what is committed", path, before,
                      length);
  }
  files_.sync();
  files_.close_if([](const disk::OutputFile&) { return true; });
  return {};
}

std::unique_ptr<flow::LedgerStore> make_ledger_store(LedgerStoreParams params,
                                                     const async::asio::any_io_executor& loop,
                                                     flow::Clock& clock, disk::Disk& disk) {
  return std::make_unique<LedgerStore>(std::move(params), loop, clock, disk);
}

}  // namespace runnel::sinks
