#pragma once

#include <runnel/delivery/backoff.hpp>
#include <runnel/delivery/begin.hpp>
#include <runnel/delivery/ledger.hpp>
#include <runnel/delivery/owners.hpp>
#include <runnel/delivery/progress.hpp>
#include <runnel/delivery/settle.hpp>
#include <runnel/delivery/settlement.hpp>
#include <runnel/delivery/standing.hpp>
#include <runnel/flow/clock.hpp>
#include <runnel/flow/hurry.hpp>
#include <runnel/flow/ledger_store.hpp>
#include <runnel/flow/sink.hpp>
#include <runnel/flow/source.hpp>
#include <runnel/flow/warnings.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace runnel::flow {

struct FlowParams {
  std::string name;  // of the [consumer.NAME]
  delivery::Reset reset = delivery::Reset::latest;
  delivery::CheckpointLimits checkpoint;
  std::chrono::milliseconds drain{20'000};  // the deadline of a revoke and of a stop
  bool shares_files = false;  // partitions write into the same file: each commit holds all that are owned
};

/// One sink of a flow, with its name for the log. The flow's ledger is one without a sink.
struct NamedSink {
  std::string name;
  std::unique_ptr<Sink> sink;
  bool reader_gone = false;          // it said closed: it is given nothing more
  std::chrono::nanoseconds busy{0};  // spent in its calls
  std::string trouble = {};          // why its last call failed; empty: it did not

  std::string label() const { return (sink ? "sink " : "") + name; }
};

/// How a flow ended.
struct FlowEnd {
  bool reader_gone = false;  // a sink said closed: nobody reads what it would write
  bool given_up = false;     // records that were read could not be delivered by the deadline
  bool uncommitted = false;  // all was delivered, but not all is known to be committed: some may come again
  bool left_group = false;   // else the group finds out by its session timeout
};

struct FlowCounters {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::uint64_t checkpoints = 0;
};

/// One [consumer.NAME]: carries batches from its source to all of its sinks, and positions back.
///
/// One straight coroutine. What it decides it asks of lib/delivery; what it does it does through Source, Sink
/// and Clock, so that the tests run this very coroutine on simulated ones. All sinks stand at one position:
/// the next batch goes out when all have the last one. Thread: the loop's only.
class Flow {
 public:
  /// `ledger`: of a flow with sinks whose files must hold each record once; else none.
  Flow(async::asio::any_io_executor loop, FlowParams params, std::unique_ptr<Source> source,
       std::vector<NamedSink> sinks, Clock& clock, std::unique_ptr<LedgerStore> ledger = nullptr);

  /// Runs until stop(), or until a sink's reader is gone. Errors: throws Broken.
  /// Cancellation (terminal): ends at once, uncommitted, fit only for destruction.
  async::awaitable<FlowEnd> run();

  /// Ends run(): what is in flight is delivered, made durable and committed, the group is left, all of it
  /// within `drain`.
  void stop();

  /// Other limits for its checkpoints, and another deadline for what begins from now on.
  void adjust(delivery::CheckpointLimits checkpoint, std::chrono::milliseconds drain);

  /// After run(), when the group was left: lets go of what takes long to let go, so that the destructor does
  /// not.
  async::awaitable<void> dispose() { return source_->dispose(); }

  const std::string& name() const { return params_.name; }
  const FlowCounters& counters() const { return counters_; }
  const std::vector<NamedSink>& sinks() const { return sinks_; }

  /// The next offset to deliver of each partition that is ours.
  const delivery::Positions& positions() const { return progress_.positions(); }

  /// Records in the log that are not delivered yet, as far as is known without asking.
  std::int64_t lag() const;

  /// What it waits for now, for the watchdog and for whoever asks why nothing comes.
  delivery::Standing standing() const;

 private:
  /// One wait, for as long as this lives. The deadline of a revoke or a stop ends each but that for an event,
  /// which has it in its own.
  // A sink whose sync has failed.
  struct Unsure {
    std::string sink;
    std::string why;
  };

  class Waiting {
   public:
    enum For { for_event, for_answer, for_beginning, for_sink };

    Waiting(Flow& flow, For what, time_point until, const NamedSink* sink = nullptr);
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting();

    delivery::Wait describe() const;

   private:
    void describe_event(delivery::Wait& wait) const;

    Flow& flow_;
    For what_;
    time_point since_;
    time_point until_;
    const NamedSink* sink_;
  };

  using Partitions = std::vector<delivery::Partition>;
  using Attempt = std::function<async::awaitable<Delivered>(NamedSink& sink, Hurry& hurry)>;

  async::awaitable<void> take(Event event);
  async::awaitable<void> deliver(delivery::Batch batch);
  void give_up(const delivery::Batch& batch);
  async::awaitable<void> on_assigned(Assigned change);
  async::awaitable<void> on_revoked(Revoked change);
  async::awaitable<void> take_up(const Partitions& partitions);
  async::awaitable<Outcome> let_go(const Partitions& partitions);
  async::awaitable<bool> checkpoint();
  void hand_over(delivery::Commits commits);
  async::awaitable<void> commit_all();
  async::awaitable<void> await_answer(bool however_long = false);
  async::awaitable<void> stop_sinks();
  async::awaitable<void> pause(time_point until, Waiting::For what, const NamedSink* sink = nullptr);
  async::awaitable<std::optional<LookedUp>> look_up(Partitions partitions,
                                                    std::set<delivery::Partition> others);
  async::awaitable<Outcome> at_every_sink(const Attempt& call);
  async::awaitable<void> at_one_sink(NamedSink& sink, const Attempt& call, Outcome* outcome);

  // What the flow has to do with its ledger (flow_ledger.cpp).
  bool must_settle() const { return store_ && settlement_.must_settle(); }
  bool may_commit() const { return !must_settle() || settlement_.was_refused() || settlement_.same_again(); }
  bool may_settle_here() const;
  async::awaitable<bool> open_ledger();
  async::awaitable<std::optional<delivery::Beginning>> begin_with_ledger(Partitions added);
  async::awaitable<std::optional<delivery::Beginning>> settle(Partitions ours, bool here);
  async::awaitable<bool> carry_out(const delivery::Settled& settled);
  async::awaitable<void> settle_here();
  void doubt(const std::string& sink, const std::string& reason);
  void out_of_doubt();
  delivery::Beginning opened(delivery::Opening opening);
  async::awaitable<bool> announce(std::vector<delivery::Extent> files);
  void say_what_was_before(const delivery::Extent& file);
  async::awaitable<bool> sync_ledger();
  async::awaitable<bool> at_ledger(const Attempt& call);
  async::awaitable<void> forget_files(const Partitions& gone);
  async::awaitable<bool> write_entry(delivery::Positions& positions);
  delivery::Commits with_owners(const delivery::Positions& positions) const;

  void take_answer(const Answer& answer);
  void log_gap(const delivery::Gap& gap);
  void note_trouble(NamedSink& sink, const Delivered& result);
  void healed(NamedSink& sink);
  void warn(const std::string& cause, const std::string& text);
  void tell_healed(const std::string& what);
  void hurry_up(time_point due);
  void renew_hurry();
  void change_is_here();
  bool hurried() const { return clock_.now() >= hurry_->at(); }
  bool out_of_time() const { return stop_at_ && clock_.now() >= *stop_at_; }

  async::asio::any_io_executor loop_;
  FlowParams params_;
  std::string area_;  // in the log
  std::unique_ptr<Source> source_;
  std::vector<NamedSink> sinks_;
  Clock& clock_;
  std::unique_ptr<LedgerStore> store_;
  NamedSink ledger_{.name = "the ledger", .sink = nullptr};
  bool ledger_open_ = false;
  bool ledger_busy_ = false;
  async::Condition ledger_free_;
  delivery::Settlement settlement_;
  std::set<delivery::Partition> had_;  // all that were ever ours: of which sinks may have files
  std::optional<Unsure> unsure_;       // until what that sink writes is durable again
  delivery::Backoff settle_backoff_;
  time_point settle_at_{};                   // not before that, in the generation in which the doubt arose
  std::set<delivery::Partition> not_begun_;  // ours, but it could not be settled where they begin
  std::map<delivery::Partition, delivery::Owners> owners_;  // found with each partition of ours
  std::set<delivery::Partition> inherited_;  // carried by others when our ledger was begun, not written since
  std::map<std::string, delivery::Extent> changed_;  // files, since the last entry
  std::set<std::string> closed_;                     // files, not forgotten yet
  std::uint64_t sent_entry_ = 0;                     // the one that the last commit decides
  delivery::Commits sent_;                           // that commit
  delivery::Progress progress_;
  Warnings warnings_;
  Warnings changes_;  // each of them matters, but a group may change its mind for hours
  delivery::Backoff commit_backoff_;
  std::optional<Hurry> hurry_;  // what is under way must be done by then
  std::optional<time_point> stop_at_;
  time_point due_ = time_point::max();  // by when the stop or the change of assignment must be done
  FlowEnd end_;
  FlowCounters counters_;
  std::uint64_t steps_ = 0;
  std::vector<const Waiting*> waits_;
};

}  // namespace runnel::flow
