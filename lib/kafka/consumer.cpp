#include "batch_reader.hpp"
#include "committer.hpp"
#include "event_queue.hpp"
#include "fetching.hpp"
#include "join_watch.hpp"
#include "look_up.hpp"
#include "notices.hpp"
#include "partition_lists.hpp"

#include <runnel/async/condition.hpp>
#include <runnel/async/worker.hpp>
#include <runnel/flow/broken.hpp>
#include <runnel/kafka/consumer.hpp>
#include <runnel/telemetry/log.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

namespace runnel::kafka {
namespace {

using namespace std::chrono_literals;
using delivery::Partition;
using delivery::Positions;

// librdkafka takes a silence of max.poll.interval.ms (300 s) on this queue for a dead application (#3344).
constexpr auto poll_interval = 1s;

// Errors behind which librdkafka goes on by itself: a checksum that is wrong (with check.crcs), a format that
// it does not know.
bool leaves_out(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__BAD_MSG || code == RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED;
}

constexpr std::string_view not_passed_over =
    "; it is not passed over and is tried again; if it is damaged, move the group's position past it";

// How long a partition is left alone behind which something was left out.
constexpr auto hold_time = 5s;

/// The three queues of one consumer: control (changes, errors, log lines), data, commit answers.
class Consumer final : public flow::Source {
 public:
  Consumer(const async::asio::any_io_executor& loop, ConsumerParams params);
  ~Consumer() override;

  void join() override;
  async::awaitable<flow::Event> next(bool records, flow::time_point until) override;
  void wake() override;
  void on_change(std::function<void()> call) override { on_change_ = std::move(call); }
  async::awaitable<std::optional<flow::LookedUp>> look_up(const std::vector<Partition>& partitions,
                                                          bool siblings,
                                                          const std::set<Partition>& others) override;
  std::string trouble() const override;
  std::int64_t end_of(const Partition& partition) const override;
  void assign(const Positions& begin) override;
  void unassign() override;
  void rewind(const Positions& positions) override;
  void commit(delivery::Commits commits) override { committer_->commit(std::move(commits)); }
  bool committing() const override { return committer_->busy(); }
  void leave() override;
  bool closed() const override { return closed_; }
  async::awaitable<void> dispose() override;

 private:
  Handle make(const ConsumerParams& params);
  void poll_now_and_then();
  void serve_control();
  std::string hint(rd_kafka_event_t* event) const;
  void take_change(rd_kafka_event_t* event);
  void take_error(const rd_kafka_message_t& message);
  void take_large(const rd_kafka_message_t& message);
  void release(const std::set<Partition>& partitions);
  std::optional<flow::Event> take_event(bool records);
  void read();
  void read_ahead();
  void seek(const Positions& positions);
  void answered();
  void forward_to_data(const Partition& partition);
  bool assigned_waits() const;
  void take_answer(flow::Answer answer);
  void leave_if_quiet();
  bool cooperative() const {
    return rd_kafka_rebalance_protocol(handle_.get()) == std::string_view("COOPERATIVE");
  }
  void check(rd_kafka_error_t* error, std::string_view call);

  std::string area_;
  std::vector<std::string> topics_;
  async::asio::any_io_executor loop_;
  Notices notices_;
  JoinWatch joins_;
  bool revoked_last_ = false;  // the last change was a revoke
  std::uint64_t memory_;
  Fetching fetching_;
  Handle handle_;
  async::Condition changed_;  // something of what follows is there
  std::deque<flow::Event> changes_;
  std::deque<flow::Answer> answers_;
  std::deque<delivery::Gap> gaps_;
  std::optional<std::string> fatal_;
  bool data_ready_ = false;
  bool woken_ = false;
  bool lives_ = false;        // next() is to show it
  PartitionList unanswered_;  // of the change that assign() or unassign() answers
  bool leave_wanted_ = false;
  bool leaving_ = false;
  bool closed_ = false;
  std::shared_ptr<async::Job<flow::LookedUp>> asking_;  // the look_up that is under way
  std::function<void()> on_change_ = [] {};
  BatchReader reader_;
  std::optional<delivery::Batch> ahead_;              // what next() gives next
  std::chrono::steady_clock::time_point release_at_;  // what the reader holds
  std::optional<EventQueue> control_;
  std::optional<EventQueue> data_;
  std::optional<Committer> committer_;
  async::asio::steady_timer poll_timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  async::Worker worker_;
};

Queue consumer_queue(rd_kafka_t* handle) {
  rd_kafka_poll_set_consumer(handle);
  return Queue(rd_kafka_queue_get_consumer(handle));
}

Consumer::Consumer(const async::asio::any_io_executor& loop, ConsumerParams params)
    : area_("consumer " + params.name),
      topics_(std::move(params.topics)),
      loop_(loop),
      notices_(area_),
      memory_(params.memory),
      fetching_(params.properties, delivery::share(memory_)),
      handle_(make(params)),
      changed_(loop),
      reader_(
          {params.batch, delivery::share(memory_).batch_bytes, memory_}, params.headers,
          [this](const auto& message) { take_error(message); },
          [this](const auto& message) { take_large(message); },
          [this](delivery::Gap gap) { gaps_.push_back(std::move(gap)); }),
      control_(std::in_place, loop, consumer_queue(handle_.get()), [this] { serve_control(); }),
      data_(std::in_place, loop, Queue(rd_kafka_queue_new(handle_.get())),
            [this] {
              data_ready_ = true;
              changed_.notify();
            }),
      committer_(std::in_place, loop, handle_.get(), joins_,
                 Committer::Calls{[this] { return assigned_waits(); },
                                  [this](flow::Answer answer) { take_answer(std::move(answer)); }}),
      poll_timer_(loop),
      worker_(loop) {
  rd_kafka_set_log_queue(handle_.get(), control_->get());
  fetching_.begin(handle_.get());
  poll_now_and_then();
}

Consumer::~Consumer() = default;

Handle Consumer::make(const ConsumerParams& params) {
  auto conf = make_conf(Side::consumer, params.properties);
  joins_.attach(conf.get());
  fetching_.attach(conf.get());
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT |
                                           RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
  return make_handle(Side::consumer, std::move(conf));
}

void Consumer::join() {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(topics_.size())));
  for (const auto& topic : topics_)
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  const auto error = rd_kafka_subscribe(handle_.get(), list.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    throw flow::Broken(fmt::format("{}: its topics cannot be read: {}", area_, rd_kafka_err2str(error)),
                       flow::exit_configuration);
}

// A timer's handler can still run with success after cancel(), and so after this object is gone.
void Consumer::poll_now_and_then() {
  poll_timer_.expires_after(poll_interval);
  poll_timer_.async_wait([alive = std::weak_ptr(alive_), this](boost::system::error_code error) {
    if (error || alive.expired()) return;
    serve_control();
    if (!reader_.held().empty() && std::chrono::steady_clock::now() >= release_at_)
      release(std::set(reader_.held()));
    lives_ = true;
    changed_.notify();
    poll_now_and_then();
  });
}

void Consumer::serve_control() {
  while (auto event = control_->poll()) {
    if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE)
      take_change(event.get());
    else if (auto fatal = notices_.take(handle_.get(), event.get(), hint(event.get())))
      fatal_ = std::move(fatal);
  }
  if (leaving_ && !closed_ && rd_kafka_consumer_closed(handle_.get()) != 0) {
    committer_->serve();
    closed_ = true;
    committer_->drop_held(RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST);
  }
  if (closed_ || fatal_) changed_.notify();
}

// An answer that librdkafka cannot take is an error of the broker: where the batch stands it does not say.
std::string Consumer::hint(rd_kafka_event_t* event) const {
  constexpr std::size_t most = 12;
  if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_ERROR) return "";
  if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR__BAD_MSG) return "";
  std::string places;
  std::size_t count = 0;
  for (const auto& [partition, next] : reader_.expected()) {
    const auto end = end_of(partition);
    if (end > 0 && next >= end) continue;
    if (++count > most) break;
    places += fmt::format("{}{} [{}] at offset {}", count == 1 ? "" : ", ", partition.topic, partition.number,
                          next);
  }
  if (count == 0) return "";
  return fmt::format("; it stands at or behind one of: {}{}", places, count > most ? ", …" : "");
}

void Consumer::take_change(rd_kafka_event_t* event) {
  const auto* list = rd_kafka_event_topic_partition_list(event);
  const bool assigned = rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  const bool lost = !assigned && rd_kafka_assignment_lost(handle_.get()) != 0;
  unanswered_.reset(rd_kafka_topic_partition_list_copy(list));
  const bool same_generation =
      std::exchange(revoked_last_, !assigned) && joins_.sees_joins() && !joins_.join_is_out();
  if (assigned)
    changes_.emplace_back(flow::Assigned{to_vector(*list), same_generation});
  else
    changes_.emplace_back(flow::Revoked{to_vector(*list), lost});
  joins_.change_came();
  notices_.all_well();
  if (lost)
    committer_->drop_held(RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST);
  else if (!assigned)
    committer_->send_held();
  on_change_();
  changed_.notify();
}

void Consumer::take_error(const rd_kafka_message_t& message) {
  const auto* name = rd_kafka_err2name(message.err);
  const auto place = fmt::format("{} [{}]", rd_kafka_topic_name(message.rkt), message.partition);
  notices_.warn(
      fmt::format("{} {}", name, place),
      fmt::format("{} at offset {}: {} ({}){}", place, message.offset, rd_kafka_message_errstr(&message),
                  name, leaves_out(message.err) ? not_passed_over : advice(message.err)));
  if (!leaves_out(message.err)) return;
  reader_.hold(message);
  release_at_ = std::chrono::steady_clock::now() + hold_time;
  rd_kafka_pause_partitions(handle_.get(), to_list(reader_.held()).get());
}

// Fetch these again from where they stand; what was in the way may be gone.
void Consumer::release(const std::set<Partition>& partitions) {
  Positions positions;
  for (const auto& partition : partitions) {
    const auto expected = reader_.expected().find(partition);
    if (expected != reader_.expected().end()) positions.insert(*expected);
    reader_.release(partition);
  }
  if (!positions.empty()) seek(positions);
  rd_kafka_resume_partitions(handle_.get(), to_list(partitions).get());
}

void Consumer::take_large(const rd_kafka_message_t& message) {
  notices_.warn(
      fmt::format("large {} {}", rd_kafka_topic_name(message.rkt), message.partition),
      fmt::format("{} [{}] at offset {}: a record of {} bytes is larger than runnel.memory ({}); it "
                  "passes alone, and takes more memory than that",
                  rd_kafka_topic_name(message.rkt), message.partition, message.offset,
                  message.key_len + message.len, memory_));
}

async::awaitable<flow::Event> Consumer::next(bool records, flow::time_point until) {
  for (;;) {
    if (records && (ahead_ || data_ready_))
      co_await async::asio::post(loop_, async::asio::use_awaitable);  // others' turn
    auto event = take_event(records);
    if (event) co_return std::move(*event);
    const bool shown = std::exchange(lives_, false);
    if (std::exchange(woken_, false) || shown || closed_ || std::chrono::steady_clock::now() >= until)
      co_return flow::Nothing();
    reader_.tidy();
    co_await changed_.wait(until);
  }
}

// Nothing waits between taking an event and handing it over: a cancellation there would lose records.
std::optional<flow::Event> Consumer::take_event(bool records) {
  if (fatal_) throw flow::Broken(fmt::format("{}: {}", area_, *fatal_), flow::exit_internal);
  if (!answers_.empty()) {
    flow::Event answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }
  if (!changes_.empty()) {
    auto change = std::move(changes_.front());
    changes_.pop_front();
    if (std::holds_alternative<flow::Assigned>(change)) committer_->drop_held(RD_KAFKA_RESP_ERR__PURGE_QUEUE);
    return change;
  }
  if (!gaps_.empty()) {
    flow::Event gap = std::move(gaps_.front());
    gaps_.pop_front();
    return gap;
  }
  if (!records) return std::nullopt;
  read();
  if (!ahead_) return std::nullopt;
  notices_.all_well();
  read_ahead();
  return *std::exchange(ahead_, std::nullopt);
}

void Consumer::read() {
  if (ahead_ || !data_ready_) return;
  auto batch = reader_.read(handle_.get(), data_->get());
  fetching_.took(handle_.get(), batch.bytes, reader_.drained());
  if (batch.records.empty())
    data_ready_ = false;
  else
    ahead_ = std::move(batch);
}

// While the sinks have the batch that is being given: their workers and the loop need not take turns.
void Consumer::read_ahead() {
  async::asio::post(loop_, [alive = std::weak_ptr(alive_), this] {
    if (!alive.expired()) read();
  });
}

void Consumer::wake() {
  woken_ = true;
  if (asking_) asking_->changed.notify();
  changed_.notify();
}

async::awaitable<std::optional<flow::LookedUp>> Consumer::look_up(const std::vector<Partition>& partitions,
                                                                  bool siblings,
                                                                  const std::set<Partition>& others) {
  auto ask = [handle = handle_.get(), partitions, siblings, others] {
    return kafka::look_up(handle, partitions, siblings, others);
  };
  auto asking = worker_.start(std::move(ask));
  asking_ = asking;
  while (!asking->done() && !woken_) co_await asking->changed.wait();
  asking_.reset();
  if (asking->done()) co_return asking->take();
  woken_ = false;
  co_return std::nullopt;
}

std::string Consumer::trouble() const {
  return notices_.trouble(std::chrono::steady_clock::now());
}

std::int64_t Consumer::end_of(const Partition& partition) const {
  std::int64_t low = 0;
  std::int64_t high = 0;
  rd_kafka_get_watermark_offsets(handle_.get(), partition.topic.c_str(), partition.number, &low, &high);
  return std::max<std::int64_t>(0, high);
}

// librdkafka drops the forwarding when it stops to fetch a partition, so it is set anew at each assignment.
void Consumer::forward_to_data(const Partition& partition) {
  const Queue queue(rd_kafka_queue_get_partition(handle_.get(), partition.topic.c_str(), partition.number));
  if (queue) rd_kafka_queue_forward(queue.get(), data_->get());
}

void Consumer::assign(const Positions& begin) {
  for (int i = 0; i < unanswered_->cnt; ++i) {
    auto& entry = unanswered_->elems[i];
    const Partition partition{entry.topic, entry.partition};
    auto position = begin.find(partition);
    // Without a position: taken to answer the change, but never read.
    entry.offset =
        position != begin.end() ? position->second : static_cast<std::int64_t>(RD_KAFKA_OFFSET_END);
    if (position != begin.end()) reader_.expect(partition, position->second);
    forward_to_data(partition);
  }
  if (cooperative()) {
    check(rd_kafka_incremental_assign(handle_.get(), unanswered_.get()), "incremental_assign");
  } else {
    const auto error = rd_kafka_assign(handle_.get(), unanswered_.get());
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
      notices_.warn("assign", fmt::format("assign: {}", rd_kafka_err2str(error)));
  }
  answered();
}

void Consumer::unassign() {
  if (!reader_.held().empty()) release(std::set(reader_.held()));  // a pause would outlive the assignment
  const auto gone = to_vector(*unanswered_);
  for (const auto& partition : gone) reader_.forget(partition);
  if (ahead_) ahead_ = delivery::without(*ahead_, {gone.begin(), gone.end()});
  if (ahead_ && ahead_->records.empty()) ahead_.reset();
  if (cooperative()) {
    check(rd_kafka_incremental_unassign(handle_.get(), unanswered_.get()), "incremental_unassign");
  } else {
    const auto error = rd_kafka_assign(handle_.get(), nullptr);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
      notices_.warn("assign", fmt::format("unassign: {}", rd_kafka_err2str(error)));
  }
  answered();
}

void Consumer::answered() {
  unanswered_.reset();
  leave_if_quiet();
}

void Consumer::check(rd_kafka_error_t* error, std::string_view call) {
  const KafkaError owned(error);
  if (owned)
    notices_.warn(std::string(call), fmt::format("{}: {}", call, rd_kafka_error_string(owned.get())));
}

void Consumer::rewind(const Positions& positions) {
  ahead_.reset();
  seek(positions);
}

void Consumer::seek(const Positions& positions) {
  for (const auto& [partition, position] : positions) reader_.expect(partition, position);
  check(rd_kafka_seek_partitions(handle_.get(), to_list(positions).get(), 0), "seek");
}

// A commit is never sent in a generation whose Assigned was not given yet: it would lack what is new.
bool Consumer::assigned_waits() const {
  return std::ranges::any_of(
      changes_, [](const flow::Event& change) { return std::holds_alternative<flow::Assigned>(change); });
}

void Consumer::take_answer(flow::Answer answer) {
  if (answer.code == 0) notices_.all_well();
  answers_.push_back(std::move(answer));
  changed_.notify();
}

void Consumer::leave() {
  leave_wanted_ = true;
  leave_if_quiet();
}

// Between a change and its answer, or with a join out, the close would bring a REVOKE on top of an unanswered
// ASSIGN, on which librdkafka crashes.
void Consumer::leave_if_quiet() {
  if (!leave_wanted_ || leaving_ || unanswered_ || joins_.join_is_out()) return;
  leaving_ = true;
  check(rd_kafka_consumer_close_queue(handle_.get(), control_->get()), "close");
  serve_control();
}

async::awaitable<void> Consumer::dispose() {
  poll_timer_.cancel();
  alive_.reset();
  ahead_.reset();
  reader_.tidy();
  control_.reset();
  data_.reset();
  committer_.reset();
  auto destroy = [handle = std::move(handle_)]() mutable {
    handle.reset();
    return true;
  };
  co_await worker_.run(std::move(destroy));
}

}  // namespace

std::unique_ptr<flow::Source> make_consumer(const async::asio::any_io_executor& loop, ConsumerParams params) {
  return std::make_unique<Consumer>(loop, std::move(params));
}

}  // namespace runnel::kafka
