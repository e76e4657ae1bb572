// What a flow has to do with its ledger, so that its files hold each record once (delivery rule 5). What
// follows from what is known is decided in lib/delivery; here it is carried out, in that order.
#include <runnel/flow/flow.hpp>
#include <runnel/telemetry/log.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace runnel::flow {
namespace {

std::string text_of(const delivery::Partition& partition) {
  return fmt::format("{} [{}]", partition.topic, partition.number);
}

}  // namespace

// Which ledger it is depends on the cluster, so the brokers are asked first.
async::awaitable<bool> Flow::open_ledger() {
  if (ledger_open_) co_return true;
  const auto found = co_await look_up(Partitions(), std::set<delivery::Partition>());
  if (!found) co_return false;
  const Attempt open = [&](NamedSink&, Hurry& hurry) { return store_->open(found->cluster, hurry); };
  auto outcome = Outcome::done;
  co_await at_one_sink(ledger_, open, &outcome);
  ledger_open_ = outcome == Outcome::done;
  if (ledger_open_) healed(ledger_);
  co_return ledger_open_;
}

async::awaitable<std::optional<delivery::Beginning>> Flow::begin_with_ledger(Partitions added) {
  const bool open = co_await open_ledger();
  if (!open) co_return std::nullopt;
  had_.insert(added.begin(), added.end());
  if (must_settle()) co_return co_await settle(std::move(added), false);
  const auto found = co_await look_up(added, std::set<delivery::Partition>());
  if (!found) co_return std::nullopt;
  co_return opened(delivery::open(store_->ledger(), params_.reset, added, found->known));
}

// Here: in the generation in which a sync failed. Nothing fences a late commit there, so the ledger keeps
// what one may still ask for.
async::awaitable<std::optional<delivery::Beginning>> Flow::settle(Partitions ours, bool here) {
  ours.insert(ours.end(), not_begun_.begin(), not_begun_.end());
  for (const auto& [partition, next] : progress_.positions()) ours.push_back(partition);
  std::set<delivery::Partition> others;
  for (const auto& [partition, stands] : store_->ledger().partitions()) others.insert(partition);
  const auto found = co_await look_up(ours, others);
  if (!found) co_return std::nullopt;
  auto settled = delivery::settle(store_->ledger(), params_.reset, ours, found->known);
  settled.entry.settled = !here;
  if (store_->ledger().last() == 0)
    for (const auto& [partition, owners] : settled.opening.owners)
      if (!owners.empty()) inherited_.insert(partition);
  const bool done = co_await carry_out(settled);
  if (!done) co_return std::nullopt;
  if (here)
    settlement_.settled_here();
  else
    settlement_.settled();
  co_return opened(settled.opening);
}

bool Flow::may_settle_here() const {
  if (!store_ || stop_at_ || !settlement_.may_settle_here()) return false;
  return !progress_.positions().empty() || !not_begun_.empty();
}

// A sync has failed. What is on the disk is known as of the last checkpoint: back to it, for all that came
// since is still in Kafka.
async::awaitable<void> Flow::settle_here() {
  settle_at_ = clock_.now() + settle_backoff_.next();
  const auto beginning = co_await settle(Partitions(), true);
  if (!beginning) co_return;
  Partitions ours;
  for (const auto& [partition, next] : beginning->read) ours.push_back(partition);
  co_await take_up(ours);
  source_->rewind(beginning->read);
  progress_.assigned(beginning->read, beginning->commit, clock_.now());
}

void Flow::doubt(const std::string& sink, const std::string& reason) {
  settlement_.doubted();
  settle_at_ = clock_.now() + settle_backoff_.next();
  unsure_ = {sink, reason};
  warn("doubt of " + sink,
       fmt::format("{}: {}; what came since the last checkpoint is cut off and delivered again", sink,
                   reason));
}

// What was written is durable, and not by the word of a sync that only says so.
void Flow::out_of_doubt() {
  settle_backoff_.reset();
  if (unsure_) tell_healed(unsure_->sink);
  unsure_.reset();
}

delivery::Beginning Flow::opened(delivery::Opening opening) {
  for (const auto& [partition, in_ledger, begin] : opening.forgotten)
    warn("forgotten " + text_of(partition),
         fmt::format(
             "{}: the group has no position any more, and the ledger has {}; going on at {}; if the topic "
             "was made anew, its records before that are not read",
             text_of(partition), in_ledger, begin));
  for (auto& [partition, owners] : opening.owners) owners_[partition] = std::move(owners);
  return std::move(opening.beginning);
}

// The sinks let go of their files, the files are cut to what counts, the ledger says so.
async::awaitable<bool> Flow::carry_out(const delivery::Settled& settled) {
  Partitions all(had_.begin(), had_.end());
  for (const auto& cut : settled.cuts) all.insert(all.end(), cut.partitions.begin(), cut.partitions.end());
  auto outcome = co_await let_go(all);
  if (outcome != Outcome::done) co_return false;
  changed_.clear();
  closed_.clear();
  const Attempt cut = [&](NamedSink&, Hurry& hurry) { return store_->cut(settled.cuts, hurry); };
  if (!settled.cuts.empty()) co_await at_one_sink(ledger_, cut, &outcome);
  if (outcome != Outcome::done) co_return false;
  store_->add(settled.entry);
  const bool durable = co_await sync_ledger();
  if (!durable) co_return false;
  for (const auto& [partition, first, end] : settled.doubts)
    warn("doubt " + text_of(partition),
         fmt::format(
             "{}: offsets {} to {} may stand twice: the group's position was moved while nobody knew whether "
             "they count",
             text_of(partition), first, end - 1));
  for (const auto& partition : settled.behind)
    warn("behind " + text_of(partition),
         fmt::format(
             "{}: the ledger is older than what was committed (a copy, or one that was put back); its files "
             "are left as they are, and records beyond the committed offset may stand twice",
             text_of(partition)));
  for (const auto& partition : settled.gone)
    telemetry::info(area_, "{}: there is no such partition any more; its files are left as they are",
                    text_of(partition));
  co_return true;
}

// Before the first byte. One that is known but is not as long as it was left is another one by now: its
// story begins anew.
async::awaitable<bool> Flow::announce(std::vector<delivery::Extent> files) {
  if (!store_) co_return true;
  const auto& ledger = store_->ledger();
  std::vector<std::string> fresh;
  for (const auto& file : files)
    if (!ledger.knows(file.file)) fresh.push_back(file.file);
  const Attempt see_free = [&](NamedSink&, Hurry& hurry) { return store_->see_free(fresh, hurry); };
  bool free = true;
  if (!fresh.empty()) free = co_await at_ledger(see_free);
  if (!free) co_return false;
  auto entry = ledger.next();
  for (auto& file : files) {
    closed_.erase(file.file);
    const auto known = ledger.files().find(file.file);
    if (known != ledger.files().end()) {
      const auto left = known->second.lengths.back().length;
      if (left == file.length) continue;
      warn("changed " + file.file,
           fmt::format(
               "{}: is {} bytes long and was left with {}: somebody has moved or changed it; going on at its "
               "end",
               file.file, file.length, left));
      entry.forgotten.push_back(file.file);
    }
    say_what_was_before(file);
    entry.files.push_back(std::move(file));
  }
  if (!entry.files.empty()) store_->add(std::move(entry));
  co_return co_await sync_ledger();
}

// Once a file and only of a ledger that was begun now: else what is in the file is our own, or an operator's.
void Flow::say_what_was_before(const delivery::Extent& file) {
  bool inherited = false;
  for (const auto& partition : file.partitions) inherited = inherited_.erase(partition) > 0 || inherited;
  if (inherited && file.length > 0)
    warn("inherited " + file.file,
         fmt::format(
             "{}: holds {} bytes of which this new ledger knows nothing: if the one before did not end "
             "cleanly, its last records stand there and come again",
             file.file, file.length));
}

async::awaitable<bool> Flow::sync_ledger() {
  const Attempt sync = [this](NamedSink&, Hurry& hurry) { return store_->sync(hurry); };
  co_return co_await at_ledger(sync);
}

// Two sinks may announce at once.
async::awaitable<bool> Flow::at_ledger(const Attempt& call) {
  while (ledger_busy_) co_await ledger_free_.wait();
  ledger_busy_ = true;
  auto outcome = Outcome::done;
  co_await at_one_sink(ledger_, call, &outcome);
  ledger_busy_ = false;
  if (outcome == Outcome::done) healed(ledger_);
  ledger_free_.notify();
  co_return outcome == Outcome::done;
}

// Given up cleanly, a file is as long as it counts, and whoever has it next may write it: another flow, or
// another member here. It is announced anew, with the length that it has then.
async::awaitable<void> Flow::forget_files(const Partitions& gone) {
  const auto& ledger = store_->ledger();
  const std::set<delivery::Partition> theirs(gone.begin(), gone.end());
  auto entry = ledger.next();
  for (const auto& [path, file] : ledger.files()) {
    const auto goes = [&](const delivery::Partition& partition) { return theirs.contains(partition); };
    if (std::ranges::all_of(file.partitions, goes) && ledger.may_forget(path))
      entry.forgotten.push_back(path);
  }
  if (entry.forgotten.empty()) co_return;
  store_->add(std::move(entry));
  co_await sync_ledger();
}

async::awaitable<bool> Flow::write_entry(delivery::Positions& positions) {
  const auto& ledger = store_->ledger();
  const auto begins_to_share = [&](const auto& each) {
    const auto& [path, extent] = each;
    std::set<delivery::Partition> writers(extent.partitions.begin(), extent.partitions.end());
    const auto known = ledger.files().find(path);
    if (known != ledger.files().end())
      writers.insert(known->second.partitions.begin(), known->second.partitions.end());
    return writers.size() > 1;
  };
  // So that a late commit sets all of them back, and one entry counts for the file.
  if (params_.shares_files || ledger.shares() || std::ranges::any_of(changed_, begins_to_share))
    positions.insert(progress_.positions().begin(), progress_.positions().end());

  auto entry = ledger.next();
  for (const auto& [partition, next] : positions)
    if (const auto opened = progress_.opened(partition)) entry.places.push_back({partition, next, *opened});
  std::erase_if(closed_, [&](const std::string& path) {
    if (changed_.contains(path) || !ledger.may_forget(path)) return !ledger.knows(path);
    entry.forgotten.push_back(path);
    return true;
  });
  for (auto& [path, extent] : std::exchange(changed_, {})) entry.files.push_back(std::move(extent));
  store_->add(std::move(entry));
  co_return co_await sync_ledger();
}

delivery::Commits Flow::with_owners(const delivery::Positions& positions) const {
  delivery::Commits commits;
  for (const auto& [partition, next] : positions) {
    commits[partition].next = next;
    const auto owners = owners_.find(partition);
    if (store_ && owners != owners_.end())
      commits[partition].metadata =
          delivery::to_metadata(delivery::with({store_->ledger().name().id, sent_entry_}, owners->second));
  }
  return commits;
}

}  // namespace runnel::flow
