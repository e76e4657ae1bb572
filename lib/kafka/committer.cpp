#include "committer.hpp"

#include "partition_lists.hpp"

#include <fmt/core.h>

#include <chrono>
#include <utility>

namespace runnel::kafka {
namespace {

// One partition's refusal is the refusal of all; but a topic that is gone is nobody's trouble.
flow::Answer to_answer(rd_kafka_event_t* event) {
  auto code = rd_kafka_event_error(event);
  const auto* list = rd_kafka_event_topic_partition_list(event);
  for (int i = 0; list != nullptr && i < list->cnt; ++i) {
    const auto error = list->elems[i].err;
    if (error != 0 && (code == 0 || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)) code = error;
  }
  if (code == 0) return {};
  return {code, fmt::format("{} ({})", rd_kafka_err2str(code), rd_kafka_err2name(code))};
}

}  // namespace

Committer::Committer(const async::asio::any_io_executor& loop, rd_kafka_t* handle, const JoinWatch& joins,
                     Calls calls)
    : handle_(handle),
      joins_(joins),
      calls_(std::move(calls)),
      answers_(loop, Queue(rd_kafka_queue_new(handle)), [this] { serve(); }),
      timer_(loop) {}

void Committer::commit(delivery::Commits commits) {
  held_ = std::move(commits);
  send_held();
}

// The change that ends a join comes back to this.
void Committer::send_held() {
  if (!held_ || joins_.join_is_out() || calls_.must_wait()) return;
  if (std::chrono::steady_clock::now() >= joins_.clear_at()) {
    send(*std::exchange(held_, std::nullopt));
    return;
  }
  timer_.expires_at(joins_.clear_at());
  // A timer's handler can still run with success after cancel(), and so after this object is gone.
  timer_.async_wait([alive = std::weak_ptr(alive_), this](boost::system::error_code error) {
    if (!error && !alive.expired()) send_held();
  });
}

void Committer::send(const delivery::Commits& commits) {
  const auto list = to_list(commits);
  const auto error = rd_kafka_commit_queue(handle_, list.get(), answers_.get(), nullptr, nullptr);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
    out_ = true;
  else
    calls_.on_answer({error, rd_kafka_err2str(error)});
}

void Committer::drop_held(rd_kafka_resp_err_t why) {
  if (std::exchange(held_, std::nullopt))
    calls_.on_answer({why, "the assignment changed before it could be sent"});
}

void Committer::serve() {
  while (auto event = answers_.poll()) {
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_OFFSET_COMMIT) continue;
    out_ = false;
    calls_.on_answer(to_answer(event.get()));
  }
}

}  // namespace runnel::kafka
