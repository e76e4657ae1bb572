#include "mutations.hpp"

#include <runnel/delivery/owners.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>

namespace runnel::sim {
namespace {

using delivery::Commits;
using What = Mutation::What;

/// Forgets to sync what the mutation says.
class BrokenDisk final : public disk::Disk {
 public:
  BrokenDisk(What what, disk::Disk& inner) : what_(what), inner_(inner) {}

  int open(const char* path, int flags, mode_t mode) override {
    const int fd = inner_.open(path, flags, mode);
    if (fd >= 0) ledger_[fd] = std::string_view(path).find(".ledger") != std::string_view::npos;
    return fd;
  }
  int close(int fd) override { return inner_.close(fd); }
  ssize_t read(int fd, void* bytes, std::size_t size) override { return inner_.read(fd, bytes, size); }
  ssize_t write(int fd, const void* bytes, std::size_t size) override {
    return inner_.write(fd, bytes, size);
  }
  int fdatasync(int fd) override {
    const bool skipped = what_ == (ledger_[fd] ? What::ledger_unsynced : What::output_unsynced);
    return skipped ? 0 : inner_.fdatasync(fd);
  }
  int fsync(int fd) override { return what_ == What::directory_unsynced ? 0 : inner_.fsync(fd); }
  int ftruncate(int fd, off_t length) override { return inner_.ftruncate(fd, length); }
  int fstat(int fd, struct stat* status) override { return inner_.fstat(fd, status); }
  int stat(const char* path, struct stat* status) override { return inner_.stat(path, status); }
  int flock(int fd, int operation) override { return inner_.flock(fd, operation); }
  int mkdir(const char* path, mode_t mode) override { return inner_.mkdir(path, mode); }
  int rename(const char* from, const char* to) override { return inner_.rename(from, to); }
  int unlink(const char* path) override { return inner_.unlink(path); }
  int list(const char* directory, std::vector<std::string>& names) override {
    return inner_.list(directory, names);
  }
  ssize_t getrandom(void* bytes, std::size_t size) override { return inner_.getrandom(bytes, size); }

 private:
  What what_;
  disk::Disk& inner_;
  std::map<int, bool> ledger_;
};

/// Leaves out of the ledger, or of its file, what the mutation says; or does not cut.
class BrokenStore final : public flow::LedgerStore {
 public:
  BrokenStore(What what, std::unique_ptr<flow::LedgerStore> inner) : what_(what), inner_(std::move(inner)) {}

  async::awaitable<flow::Delivered> open(const std::string& cluster, flow::Hurry& hurry) override {
    return inner_->open(cluster, hurry);
  }
  const delivery::Ledger& ledger() const override { return inner_->ledger(); }
  void add(delivery::LedgerEntry entry) override {
    announced_ = entry.places.empty() && !entry.settled;
    if (what_ == What::unannounced && announced_) entry.files.clear();
    inner_->add(std::move(entry));
  }
  void answered(std::uint64_t entry) override { inner_->answered(entry); }
  void unanswered(std::uint64_t entry) override {
    if (what_ != What::unanswered_pruned) inner_->unanswered(entry);
  }
  async::awaitable<flow::Delivered> sync(flow::Hurry& hurry) override {
    if (what_ == What::announced_unsynced && std::exchange(announced_, false)) co_return flow::Delivered();
    auto result = co_await inner_->sync(hurry);
    co_return result;
  }
  async::awaitable<flow::Delivered> see_free(std::vector<std::string> files, flow::Hurry& hurry) override {
    return inner_->see_free(std::move(files), hurry);
  }
  async::awaitable<flow::Delivered> cut(std::vector<delivery::Extent> files, flow::Hurry& hurry) override {
    if (what_ == What::uncut) files.clear();
    return inner_->cut(std::move(files), hurry);
  }
  async::awaitable<void> close(flow::Hurry& hurry) override { return inner_->close(hurry); }

 private:
  What what_;
  std::unique_ptr<flow::LedgerStore> inner_;
  bool announced_ = false;  // by the last entry
};

/// Tells other answers than Kafka gave, or sends other commits than it was given.
class BrokenSource final : public flow::Source {
 public:
  BrokenSource(What what, std::unique_ptr<flow::Source> inner, flow::LedgerStore* store)
      : what_(what), inner_(std::move(inner)), store_(store) {}

  void join() override { inner_->join(); }
  async::awaitable<flow::Event> next(bool records, flow::time_point until) override {
    if (opened_) {
      opened_ = false;
      flow::Event answer = flow::Answer();
      co_return answer;
    }
    if (asks_early_) co_await ask_early();
    auto event = co_await inner_->next(records, until);
    auto* answer = std::get_if<flow::Answer>(&event);
    if (answer != nullptr && answer->code == -185) {
      if (what_ == What::unanswered_counts) answer->code = 0;
      if (what_ == What::unanswered_clean) {
        store_->unanswered(store_->ledger().last());
        inner_->commit(sent_);
        event = flow::Nothing();
      }
    }
    co_return event;
  }
  void wake() override { inner_->wake(); }
  void on_change(std::function<void()> call) override { inner_->on_change(std::move(call)); }
  async::awaitable<std::optional<flow::LookedUp>> look_up(const std::vector<Partition>& partitions,
                                                          bool siblings,
                                                          const std::set<Partition>& others) override {
    auto found = co_await inner_->look_up(partitions, siblings, others);
    if (found && !partitions.empty()) spoil(*found, partitions);  // the ledger is open
    co_return found;
  }
  std::int64_t end_of(const Partition& partition) const override { return inner_->end_of(partition); }
  void assign(const delivery::Positions& begin) override {
    for (const auto& [partition, next] : begin) begun_[partition] = next;
    inner_->assign(begin);
  }
  void unassign() override {
    inner_->unassign();
    asks_early_ = what_ == What::asked_early;
  }
  void rewind(const delivery::Positions& positions) override { inner_->rewind(positions); }
  void commit(Commits commits) override {
    if (what_ == What::unopened && opens(commits)) commits.clear();
    opened_ = commits.empty();
    if (opened_) return;
    for (auto& [partition, commit] : commits) {
      auto owners = delivery::owners_in(commit.metadata);
      const std::size_t most = what_ == What::no_former_owners  ? 1
                               : what_ == What::last_owner_only ? 2
                                                                : owners.size();
      if (owners.size() <= most) continue;
      owners.resize(most);
      commit.metadata = delivery::to_metadata(owners);
    }
    sent_ = commits;
    inner_->commit(std::move(commits));
  }
  bool committing() const override { return opened_ || inner_->committing(); }
  void leave() override { inner_->leave(); }
  bool closed() const override { return inner_->closed(); }
  async::awaitable<void> dispose() override { return inner_->dispose(); }

 private:
  // Only positions at which they have just begun.
  bool opens(const Commits& commits) const {
    return std::ranges::all_of(commits, [this](const auto& each) {
      const auto begun = begun_.find(each.first);
      return begun == begun_.end() || begun->second == each.second.next;
    });
  }

  async::awaitable<void> ask_early() {
    asks_early_ = false;
    std::vector<Partition> all;
    for (const auto& [partition, stands] : store_->ledger().partitions()) all.push_back(partition);
    try {
      early_ = co_await inner_->look_up(all, false, std::set<Partition>());
    } catch (const std::runtime_error&) {  // nobody answers
      early_.reset();
    }
  }

  void spoil(flow::LookedUp& found, const std::vector<Partition>& partitions) {
    const auto assigned = [&](const Partition& each) {
      return std::ranges::find(partitions, each) != partitions.end();
    };
    if (what_ == What::assigned_only)
      std::erase_if(found.known, [&](const auto& each) { return !assigned(each.partition); });
    if (const auto early = std::exchange(early_, std::nullopt))
      for (auto& known : found.known) {
        const auto same = std::ranges::find(early->known, known.partition, &delivery::Known::partition);
        if (same != early->known.end()) known = *same;
      }
    if (what_ != What::metadata_ignored && what_ != What::begin_at_ledger) return;
    const auto& ledger = store_->ledger();
    for (auto& known : found.known) {
      if (!known.committed) continue;
      if (what_ == What::begin_at_ledger) {
        known.committed = std::max(*known.committed, ledger.position(known.partition).value_or(0));
        continue;
      }
      auto owners = delivery::owners_in(known.metadata);
      for (auto& claim : owners)
        if (claim.ledger == ledger.name().id) claim.entry = ledger.last();
      known.metadata = owners.empty() ? "" : delivery::to_metadata(owners);
    }
  }

  What what_;
  std::unique_ptr<flow::Source> inner_;
  flow::LedgerStore* store_;
  delivery::Positions begun_;
  Commits sent_;
  bool asks_early_ = false;
  std::optional<flow::LookedUp> early_;
  bool opened_ = false;  // an opening is to be answered that was not sent
};

constexpr std::array all{
    Mutation{What::output_unsynced, "output_unsynced", "files are synced before the commit"},
    Mutation{What::directory_unsynced, "directory_unsynced",
             "directories of new files are synced before the commit"},
    Mutation{What::ledger_unsynced, "ledger_unsynced", "the ledger is synced before the commit"},
    Mutation{What::unannounced, "unannounced", "a file is in the ledger before its first byte"},
    Mutation{What::announced_unsynced, "announced_unsynced",
             "a file is in the ledger, durably, before its first byte"},
    Mutation{What::uncut, "uncut", "files are cut to the entry that counts"},
    Mutation{What::begin_at_ledger, "begin_at_ledger", "reading begins at the committed offset"},
    Mutation{What::unopened, "unopened", "a partition is opened before its first byte"},
    Mutation{What::asked_early, "asked_early", "Kafka is asked after the assignment"},
    Mutation{What::metadata_ignored, "metadata_ignored", "Kafka says which entry counts"},
    Mutation{What::assigned_only, "assigned_only",
             "all partitions of the ledger are settled, whoever has them"},
    Mutation{What::no_former_owners, "no_former_owners", "the metadata names every former owner"},
    Mutation{What::last_owner_only, "last_owner_only", "the metadata names every former owner"},
    Mutation{What::unanswered_counts, "unanswered_counts",
             "a commit without an answer is sent again, the same"},
    Mutation{What::unanswered_pruned, "unanswered_pruned",
             "lengths are kept while a commit without an answer may come"},
    Mutation{What::unanswered_clean, "unanswered_clean",
             "a revoke after a commit without an answer is none that is clean"},
    Mutation{What::restamped, "restamped",
             "no commit of a lost assignment is left when the group is joined again"},
    Mutation{What::any_generation, "any_generation", "(Kafka's) commits of a former generation are refused"},
};

}  // namespace

std::span<const Mutation> mutations() {
  return all;
}

Parts parts_of(const Mutation* mutation, disk::Disk& disk) {
  const auto what = mutation == nullptr ? What::none : mutation->what;
  Parts parts;
  parts.disk = std::shared_ptr<disk::Disk>(std::shared_ptr<disk::Disk>(), &disk);
  parts.source = [](std::unique_ptr<Member> member, flow::LedgerStore*) { return member; };
  parts.store = [](std::unique_ptr<flow::LedgerStore> store) { return store; };
  if (mutation == nullptr) return parts;
  parts.disk = std::make_shared<BrokenDisk>(what, disk);
  parts.source = [what](std::unique_ptr<Member> member, flow::LedgerStore* store) {
    return std::make_unique<BrokenSource>(what, std::move(member), store);
  };
  parts.store = [what](std::unique_ptr<flow::LedgerStore> store) {
    return std::make_unique<BrokenStore>(what, std::move(store));
  };
  return parts;
}

}  // namespace runnel::sim
