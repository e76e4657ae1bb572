#include <runnel/async/group.hpp>
#include <runnel/delivery/commit_rules.hpp>
#include <runnel/flow/broken.hpp>
#include <runnel/flow/flow.hpp>
#include <runnel/telemetry/log.hpp>

#include <algorithm>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace runnel::flow {
namespace {

using namespace std::chrono_literals;

// A sink that has healed must be tried again well within `drain`.
constexpr delivery::BackoffParams sink_backoff{.first = 250ms, .most = 5s, .seed = {}};

// A refused commit waits for the next change of assignment; should none come, it is tried again after this.
constexpr auto refused_wait = 10s;

// Lines about changes of assignment, and about gaps of one partition.
constexpr std::uint64_t most_lines_a_minute = 10;

std::string list(const std::vector<delivery::Partition>& partitions) {
  constexpr std::size_t most = 12;
  std::string text;
  for (std::size_t i = 0; i < std::min(partitions.size(), most); ++i)
    text += fmt::format("{}{} [{}]", i == 0 ? "" : ", ", partitions[i].topic, partitions[i].number);
  if (partitions.size() > most) text += fmt::format(" and {} more", partitions.size() - most);
  return text.empty() ? "nothing" : text;
}

}  // namespace

Flow::Flow(async::asio::any_io_executor loop, FlowParams params, std::unique_ptr<Source> source,
           std::vector<NamedSink> sinks, Clock& clock, std::unique_ptr<LedgerStore> ledger)
    : loop_(std::move(loop)),
      params_(std::move(params)),
      area_("flow " + params_.name),
      source_(std::move(source)),
      sinks_(std::move(sinks)),
      clock_(clock),
      store_(std::move(ledger)),
      ledger_free_(loop_),
      settle_backoff_(sink_backoff),
      progress_(params_.checkpoint),
      warnings_(area_),
      changes_(area_, most_lines_a_minute),
      hurry_(std::in_place) {
  source_->on_change([this] { hurry_up(clock_.now() + params_.drain); });
}

async::awaitable<FlowEnd> Flow::run() {
  source_->join();
  while (!source_->closed() && !out_of_time()) {
    const bool stopping = stop_at_.has_value();
    const bool late = stopping && hurried();
    if (!late && may_commit() && progress_.checkpoint_due(clock_.now(), stopping)) co_await checkpoint();
    if (may_settle_here() && clock_.now() >= settle_at_) co_await settle_here();
    const bool nothing_to_commit = late || progress_.refused() || !may_commit() || !progress_.dirty();
    if (stopping && nothing_to_commit && !source_->committing()) source_->leave();

    const auto now = clock_.now();
    auto until = stop_at_.value_or(time_point::max());
    if (!late && may_commit()) until = std::min(until, progress_.next_due(now));
    if (may_settle_here()) until = std::min(until, settle_at_);
    const bool reading = !stop_at_ && !must_settle() && progress_.may_read(now);
    Event event;
    {
      const Waiting waiting(*this, Waiting::for_event, until);
      event = co_await source_->next(reading, until);
    }
    co_await take(std::move(event));
  }
  co_await stop_sinks();
  if (store_) co_await store_->close(*hurry_);
  end_.left_group = source_->closed();
  if (progress_.dirty() || source_->committing()) end_.uncommitted = true;
  co_return end_;
}

void Flow::stop() {
  if (stop_at_) return;
  stop_at_ = clock_.now() + params_.drain;
  hurry_up(*stop_at_);
  source_->wake();
}

void Flow::adjust(delivery::CheckpointLimits checkpoint, std::chrono::milliseconds drain) {
  params_.checkpoint = checkpoint;
  params_.drain = drain;
  progress_.adjust(checkpoint);
  source_->wake();  // what is due next may have changed
}

std::int64_t Flow::lag() const {
  std::int64_t sum = 0;
  for (const auto& [partition, next] : progress_.positions())
    sum += std::max<std::int64_t>(0, source_->end_of(partition) - next);
  return sum;
}

async::awaitable<void> Flow::take(Event event) {
  if (auto* batch = std::get_if<delivery::Batch>(&event)) {
    co_await deliver(std::move(*batch));
  } else if (auto* assigned = std::get_if<Assigned>(&event)) {
    co_await on_assigned(std::move(*assigned));
  } else if (auto* revoked = std::get_if<Revoked>(&event)) {
    co_await on_revoked(std::move(*revoked));
  } else if (auto* answer = std::get_if<Answer>(&event)) {
    take_answer(*answer);
  } else if (auto* gap = std::get_if<delivery::Gap>(&event)) {
    log_gap(*gap);
  }
}

// All sinks at once; the next batch only when all have this one.
async::awaitable<void> Flow::deliver(delivery::Batch batch) {
  const Attempt call = [&](NamedSink& to, Hurry& hurry) { return to.sink->deliver(batch, hurry); };
  const auto outcome = co_await at_every_sink(call);
  if (outcome == Outcome::done) {
    for (auto& sink : sinks_) healed(sink);
    progress_.delivered(batch.reached, batch.bytes);
    counters_.records += batch.records.size();
    counters_.bytes += batch.bytes;
    co_return;
  }
  if (outcome == Outcome::unsure && !stop_at_) co_return;  // it comes again once that is settled
  if (sinks_.size() > 1) settlement_.lost();               // another sink may have it in its files
  if (outcome == Outcome::closed)
    stop();
  else
    give_up(batch);
}

void Flow::give_up(const delivery::Batch& batch) {
  renew_hurry();
  if (stop_at_) {
    end_.given_up = true;
    telemetry::error(area_,
                     "{} records could not be delivered before the drain deadline; they are not committed "
                     "and come again at the next start",
                     batch.records.size());
    return;
  }
  const auto text = fmt::format(
      "{} records could not be delivered before the partitions had to be given up; they are not committed "
      "and come again",
      batch.records.size());
  changes_.warn("given up", text, clock_.now());
  source_->rewind(progress_.positions());
}

async::awaitable<void> Flow::on_assigned(Assigned change) {
  change_is_here();
  // After the cut its answer would be taken for one of what comes then, and the same commit be sent again.
  if (must_settle()) co_await await_answer(true);
  progress_.changed();
  settlement_.assigned(change.same_generation);
  std::optional<delivery::Beginning> beginning;
  if (must_settle() && change.same_generation && !settlement_.all_answered()) {
    // A commit that is on its way could be applied after the cut; the next assignment will fence it.
  } else if (store_) {
    beginning = co_await begin_with_ledger(change.partitions);
  } else {
    const auto found = co_await look_up(change.partitions, std::set<delivery::Partition>());
    if (found) beginning = delivery::begin(params_.reset, change.partitions, found->known);
  }
  if (!beginning) {
    not_begun_.insert(change.partitions.begin(), change.partitions.end());
    source_->assign({});
    co_return;
  }
  if (!beginning->refused.empty())
    throw Broken(
        fmt::format("{}: the group has no position for {}, and kafka.auto.offset.reset is \"error\"; set it "
                    "to \"earliest\" or \"latest\"",
                    area_, list(beginning->refused)),
        exit_configuration);
  const auto level = change.partitions.empty() ? telemetry::Level::debug : telemetry::Level::info;
  changes_.tell(level, "assigned", "assigned " + list(change.partitions), clock_.now());
  for (const auto& gap : beginning->gaps) log_gap(gap);
  delivery::Positions others = beginning->read;  // that were ours before, and begin anew
  delivery::Positions added;
  for (const auto& partition : change.partitions)
    if (auto position = others.extract(partition)) added.insert(std::move(position));
  co_await take_up(change.partitions);
  source_->assign(added);
  if (!others.empty()) source_->rewind(others);
  progress_.assigned(beginning->read, beginning->commit, clock_.now());
}

async::awaitable<std::optional<LookedUp>> Flow::look_up(Partitions partitions,
                                                        std::set<delivery::Partition> others) {
  delivery::Backoff backoff(sink_backoff);
  while (!stop_at_ && !hurried()) {
    std::string trouble;
    try {
      const Waiting waiting(*this, Waiting::for_beginning, time_point::max());
      auto found = co_await source_->look_up(partitions, params_.reset == delivery::Reset::latest, others);
      if (found) co_return found;
      continue;
    } catch (const std::runtime_error& error) {
      trouble = error.what();
    }
    warn("look-up", fmt::format("cannot begin yet: {}; trying again", trouble));
    co_await pause(clock_.now() + backoff.next(), Waiting::for_beginning);
  }
  co_return std::nullopt;
}

async::awaitable<void> Flow::on_revoked(Revoked change) {
  progress_.changed();
  const std::string verb = change.lost ? "lost" : "giving up";
  changes_.tell(telemetry::Level::info, verb, verb + " " + list(change.partitions), clock_.now());
  if (!change.lost) co_await commit_all();
  // One that is still inside librdkafka could be sent under the next assignment, when the files are cut.
  if (change.lost || store_) co_await await_answer(true);
  const auto outcome = co_await let_go(change.partitions);
  const bool committed = std::ranges::none_of(
      change.partitions, [&](const auto& p) { return progress_.uncommitted().contains(p); });
  progress_.dropped(change.partitions);
  for (const auto& partition : change.partitions) {
    owners_.erase(partition);
    not_begun_.erase(partition);
  }
  if (change.lost)
    settlement_.lost();
  else
    settlement_.gave_up(committed && outcome == Outcome::done);  // else a file may hold what was not counted
  if (store_ && !must_settle()) co_await forget_files(change.partitions);
  if (!committed) {
    warn("uncommitted", "the last records before a rebalance are not committed: they come again");
    if (stop_at_) end_.uncommitted = true;
  }
  change_is_here();
  source_->unassign();
}

// Late: with the first record, then.
async::awaitable<void> Flow::take_up(const Partitions& partitions) {
  const Attempt call = [&](NamedSink& at, Hurry& hurry) { return at.sink->take(partitions, hurry); };
  co_await at_every_sink(call);
  not_begun_.clear();
}

// Whoever is unsure has let go of one file more, and is asked again for the others.
async::awaitable<Outcome> Flow::let_go(const Partitions& partitions) {
  const Attempt call = [&](NamedSink& at, Hurry& hurry) { return at.sink->give_up(partitions, hurry); };
  auto outcome = Outcome::unsure;
  while (outcome == Outcome::unsure) outcome = co_await at_every_sink(call);
  co_return outcome;
}

// Until the group knows all that was delivered, or refuses, or the deadline comes.
async::awaitable<void> Flow::commit_all() {
  for (;;) {
    co_await await_answer();
    if (!progress_.dirty() || progress_.refused() || !may_commit() || hurried()) co_return;
    if (clock_.now() < progress_.retry_at()) {
      co_await pause(progress_.retry_at(), Waiting::for_answer);
      continue;
    }
    const bool handed_over = co_await checkpoint();
    if (!handed_over) co_return;
  }
}

async::awaitable<void> Flow::await_answer(bool however_long) {
  const auto deadline = [&] { return however_long && !stop_at_ ? time_point::max() : hurry_->at(); };
  while (source_->committing() && clock_.now() < deadline()) {
    Event event;
    {
      const Waiting waiting(*this, Waiting::for_answer, clock_.now() + longest_silence);
      const auto until = deadline();
      event = co_await source_->next(false, until);
    }
    if (std::holds_alternative<Assigned>(event) || std::holds_alternative<Revoked>(event))
      throw std::logic_error("a change of assignment came before the last one was answered");
    co_await take(std::move(event));
  }
}

async::awaitable<bool> Flow::checkpoint() {
  if (store_ && (settlement_.same_again() || settlement_.was_refused())) {
    hand_over(sent_);
    co_return true;
  }
  const Attempt call = [](NamedSink& at, Hurry& hurry) { return at.sink->prepare(hurry); };
  const auto outcome = co_await at_every_sink(call);
  if (outcome == Outcome::closed) stop();
  if (outcome != Outcome::done) co_return false;
  if (!changed_.empty()) out_of_doubt();
  auto positions = progress_.uncommitted();
  if (store_) {
    const bool written = co_await write_entry(positions);
    if (!written) co_return false;
    sent_entry_ = store_->ledger().last();
  }
  hand_over(with_owners(positions));
  co_return true;
}

void Flow::hand_over(delivery::Commits commits) {
  delivery::Positions positions;
  for (const auto& [partition, commit] : commits) positions[partition] = commit.next;
  sent_ = commits;
  settlement_.handed_over();
  source_->commit(std::move(commits));
  progress_.handed_over(positions, clock_.now());
}

async::awaitable<void> Flow::stop_sinks() {
  for (auto& sink : sinks_) {
    const Waiting waiting(*this, Waiting::for_sink, time_point::max(), &sink);
    co_await sink.sink->stop(*hurry_);
  }
}

void Flow::take_answer(const Answer& answer) {
  if (!progress_.commit_out()) return;
  const auto now = clock_.now();
  const auto after = delivery::after_commit(answer.code);
  settlement_.answered(after);
  switch (after) {
    case delivery::AfterCommit::go_on:
      if (store_ && settlement_.agrees()) store_->answered(sent_entry_);
      progress_.committed(now);
      commit_backoff_.reset();
      ++counters_.checkpoints;
      break;
    case delivery::AfterCommit::again:
      if (store_) store_->unanswered(sent_entry_);
      progress_.failed(now + commit_backoff_.next());
      warn("commit", fmt::format("a commit failed: {}; trying again", answer.reason));
      break;
    case delivery::AfterCommit::anew:
      progress_.failed(now);
      break;
    case delivery::AfterCommit::wait_for_change:
      progress_.refused(now + refused_wait);
      warn("refused", fmt::format("a commit was refused: {}; waiting for the group", answer.reason));
      break;
    case delivery::AfterCommit::stop:
      throw Broken(fmt::format("{}: positions cannot be committed: {}", area_, answer.reason), exit_internal);
  }
}

async::awaitable<Outcome> Flow::at_every_sink(const Attempt& call) {
  std::vector<Outcome> outcomes(sinks_.size(), Outcome::done);
  if (sinks_.size() == 1) {
    co_await at_one_sink(sinks_[0], call, &outcomes[0]);
  } else {
    async::Group group(loop_);
    for (std::size_t i = 0; i < sinks_.size(); ++i) group.spawn(at_one_sink(sinks_[i], call, &outcomes[i]));
    co_await group.join();
  }
  co_return *std::ranges::max_element(outcomes);
}

// Tries until the sink has it, its reader is gone, or the deadline comes.
async::awaitable<void> Flow::at_one_sink(NamedSink& sink, const Attempt& call, Outcome* outcome) {
  delivery::Backoff backoff(sink_backoff);
  bool failed = false;
  while (!sink.reader_gone) {
    const auto begun = clock_.now();
    Delivered result;
    {
      const Waiting waiting(*this, Waiting::for_sink, time_point::max(), &sink);
      result = co_await call(sink, *hurry_);
    }
    sink.busy += clock_.now() - begun;
    note_trouble(sink, result);
    *outcome = result.outcome;
    if (result.outcome == Outcome::unannounced) {
      const bool announced = co_await announce(std::move(result.extents));
      *outcome = Outcome::late;
      if (!announced) co_return;
      continue;
    }
    if (result.outcome == Outcome::closed) {
      sink.reader_gone = end_.reader_gone = true;
      telemetry::info(area_, "{}: {}", sink.label(), result.reason);
    }
    if (result.outcome == Outcome::done && failed) healed(sink);
    failed = result.outcome == Outcome::failed;
    if (!failed) {
      for (auto& extent : result.extents) changed_[extent.file] = std::move(extent);
      closed_.insert(result.closed.begin(), result.closed.end());
      co_return;
    }
    warn(sink.label(), fmt::format("{}: {}; trying again", sink.label(), result.reason));
    *outcome = Outcome::late;
    if (hurried()) co_return;
    co_await pause(clock_.now() + backoff.next(), Waiting::for_sink, &sink);
  }
}

void Flow::note_trouble(NamedSink& sink, const Delivered& result) {
  if (result.outcome == Outcome::failed) sink.trouble = result.reason;
  if (result.outcome == Outcome::unsure) doubt(sink.label(), result.reason);
}

// What is wrong with a sink is known until the very call that failed is done, or a later batch is delivered:
// to let go of files, or to make durable what came before, shows nothing.
void Flow::healed(NamedSink& sink) {
  if (!std::exchange(sink.trouble, {}).empty()) tell_healed(sink.label());
}

// Until `until`, or until the deadline moves or comes.
async::awaitable<void> Flow::pause(time_point until, Waiting::For what, const NamedSink* sink) {
  async::Condition moved(loop_);
  const Hurry::Listen listen(*hurry_, moved);
  const Waiting waiting(*this, what, until, sink);
  co_await clock_.wait(moved, std::min(until, hurry_->at()));
}

void Flow::log_gap(const delivery::Gap& gap) {
  const auto& [partition, wanted, begin] = gap;
  const auto of = fmt::format("{} [{}]", partition.topic, partition.number);
  const auto text =
      begin > wanted
          ? fmt::format("{}: offsets {} to {} were deleted before they were delivered; going on at {}", of,
                        wanted, begin - 1, begin)
          : fmt::format("{}: the log ends before offset {} (made anew, or cut); going on at {}", of, wanted,
                        begin);
  changes_.warn("gap " + of, text, clock_.now());
}

void Flow::warn(const std::string& cause, const std::string& text) {
  warnings_.warn(cause, text, clock_.now());
}

void Flow::tell_healed(const std::string& what) {
  warnings_.tell(telemetry::Level::info, "healed " + what, what + ": works again", clock_.now());
}

// Of the time until `due`, what is in flight gets four fifths; a tenth is left for the checkpoint of what
// came before it, and a tenth for leaving the group.
void Flow::hurry_up(time_point due) {
  due_ = std::min(due_, due);
  hurry_->no_later_than(due_ - params_.drain / 5);
}

void Flow::renew_hurry() {
  hurry_.emplace();
  if (due_ != time_point::max()) hurry_->no_later_than(due_ - params_.drain / 10);
}

void Flow::change_is_here() {
  due_ = stop_at_.value_or(time_point::max());
  renew_hurry();
}

}  // namespace runnel::flow
