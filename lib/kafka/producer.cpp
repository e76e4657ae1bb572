#include "event_queue.hpp"
#include "notices.hpp"

#include <runnel/async/condition.hpp>
#include <runnel/async/worker.hpp>
#include <runnel/kafka/producer.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace runnel::kafka {
namespace {

class Producer final : public flow::Publisher {
 public:
  Producer(const async::asio::any_io_executor& loop, ProducerParams params)
      : area_("producer " + params.name),
        notices_(area_),
        handle_(make(params.properties)),
        loop_(loop),
        changed_(loop),
        events_(std::in_place, loop, Queue(rd_kafka_queue_get_main(handle_.get())), [this] { serve(); }),
        worker_(loop) {
    rd_kafka_set_log_queue(handle_.get(), events_->get());
  }
  ~Producer() override {
    if (handle_) purge();
  }

  bool has_room() const override { return !full_; }
  async::awaitable<flow::Report> send(flow::Message message) override;
  async::awaitable<bool> flush(flow::time_point until) override;
  async::awaitable<void> dispose() override;

 private:
  // One message that is out. Shared: a sender that was cancelled no longer waits for its report.
  struct Pending {
    explicit Pending(const async::asio::any_io_executor& loop) : changed(loop) {}
    async::Condition changed;
    std::optional<flow::Report> report;
  };

  struct Erase {
    std::map<std::uint64_t, std::shared_ptr<Pending>>& pending;
    std::uint64_t id;
    ~Erase() { pending.erase(id); }
  };

  static Handle make(const Properties& properties);
  void purge() { rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT); }
  rd_kafka_resp_err_t produce(const flow::Message& message, std::uint64_t id);
  void serve();
  void report(const rd_kafka_message_t& message);

  std::string area_;
  Notices notices_;
  Handle handle_;
  async::asio::any_io_executor loop_;
  async::Condition changed_;  // reports came, or librdkafka broke
  std::map<std::uint64_t, std::shared_ptr<Pending>> pending_;
  std::uint64_t next_id_ = 1;
  bool full_ = false;
  std::optional<std::string> fatal_;
  std::optional<EventQueue> events_;
  async::Worker worker_;
};

Handle Producer::make(const Properties& properties) {
  auto conf = make_conf(Side::producer, properties);
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
  return make_handle(Side::producer, std::move(conf));
}

async::awaitable<flow::Report> Producer::send(flow::Message message) {
  const auto id = next_id_++;
  auto pending = std::make_shared<Pending>(loop_);
  pending_.emplace(id, pending);
  const Erase erase{pending_, id};  // also when this is cancelled: flush() must not wait for it
  auto error = produce(message, id);
  while (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && !fatal_) {
    full_ = true;
    co_await changed_.wait();
    error = produce(message, id);
  }
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    co_return flow::Report{error, fatal_.value_or(rd_kafka_err2str(error))};
  while (!pending->report) co_await pending->changed.wait();
  co_return *pending->report;
}

rd_kafka_resp_err_t Producer::produce(const flow::Message& message, std::uint64_t id) {
  const auto timestamp =
      std::chrono::duration_cast<std::chrono::milliseconds>(message.timestamp.time_since_epoch()).count();
  std::vector<rd_kafka_vu_t> fields;
  const auto add = [&](rd_kafka_vtype_t type) -> auto& {
    auto& field = fields.emplace_back();
    field.vtype = type;
    return field.u;
  };
  const auto add_bytes = [&](rd_kafka_vtype_t type, const std::string& bytes) {
    auto& target = add(type).mem;
    target.ptr = const_cast<char*>(bytes.data());  // NOLINT: RD_KAFKA_MSG_F_COPY, it is only read
    target.size = bytes.size();
  };
  add(RD_KAFKA_VTYPE_TOPIC).cstr = message.topic.c_str();
  add(RD_KAFKA_VTYPE_MSGFLAGS).i = RD_KAFKA_MSG_F_COPY;
  add(RD_KAFKA_VTYPE_TIMESTAMP).i64 = timestamp;
  add(RD_KAFKA_VTYPE_OPAQUE).ptr = reinterpret_cast<void*>(id);  // NOLINT: a number that comes back
  if (message.key) add_bytes(RD_KAFKA_VTYPE_KEY, *message.key);
  if (message.value) add_bytes(RD_KAFKA_VTYPE_VALUE, *message.value);
  for (const auto& [name, value] : message.headers) {
    auto& header = add(RD_KAFKA_VTYPE_HEADER).header;
    header.name = name.c_str();
    header.val = value.data();
    header.size = static_cast<ssize_t>(value.size());
  }
  const KafkaError error(rd_kafka_produceva(handle_.get(), fields.data(), fields.size()));
  return error ? rd_kafka_error_code(error.get()) : RD_KAFKA_RESP_ERR_NO_ERROR;
}

void Producer::serve() {
  while (auto event = events_->poll()) {
    if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_DR) {
      while (const auto* message = rd_kafka_event_message_next(event.get())) report(*message);
      full_ = false;  // librdkafka counts a message as gone once its event is
    } else if (auto fatal = notices_.take(handle_.get(), event.get())) {
      fatal_ = std::move(fatal);
    }
  }
  changed_.notify();
}

void Producer::report(const rd_kafka_message_t& message) {
  auto found = pending_.find(reinterpret_cast<std::uint64_t>(message._private));  // NOLINT: see produce()
  if (found == pending_.end()) return;
  const bool ok = message.err == RD_KAFKA_RESP_ERR_NO_ERROR;
  found->second->report = flow::Report{message.err, ok ? "" : rd_kafka_err2str(message.err)};
  found->second->changed.notify();
  pending_.erase(found);
}

async::awaitable<bool> Producer::flush(flow::time_point until) {
  while (!pending_.empty() && std::chrono::steady_clock::now() < until) co_await changed_.wait(until);
  co_return pending_.empty();
}

async::awaitable<void> Producer::dispose() {
  purge();
  events_.reset();
  auto destroy = [handle = std::move(handle_)]() mutable {
    handle.reset();
    return true;
  };
  co_await worker_.run(std::move(destroy));
}

}  // namespace

std::unique_ptr<flow::Publisher> make_producer(const async::asio::any_io_executor& loop,
                                               ProducerParams params) {
  return std::make_unique<Producer>(loop, std::move(params));
}

}  // namespace runnel::kafka
