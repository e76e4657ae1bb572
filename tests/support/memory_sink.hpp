#pragma once

#include <runnel/async/condition.hpp>
#include <runnel/flow/sink.hpp>

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace runnel::tests {

/// What a test sees of its sink, and tells it to do. Outlives the sink.
struct Shelf {
  struct Kept {
    delivery::Partition partition;
    std::int64_t offset;
    std::string value;
    std::vector<std::pair<std::string, std::string>> headers;
  };
  std::vector<Kept> records;
  std::vector<delivery::Partition> given_up;
  int prepared = 0;
  int stopped = 0;

  bool stuck = false;                       // deliver() waits for its deadline
  std::deque<flow::Outcome> next_outcomes;  // of the next deliver() calls; then done

  std::map<delivery::Partition, std::vector<std::int64_t>> offsets() const {
    std::map<delivery::Partition, std::vector<std::int64_t>> result;
    for (const auto& record : records) result[record.partition].push_back(record.offset);
    return result;
  }
};

class MemorySink final : public flow::Sink {
 public:
  MemorySink(async::asio::any_io_executor loop, flow::Clock& clock, Shelf& shelf)
      : loop_(std::move(loop)), clock_(clock), shelf_(shelf) {}

  async::awaitable<flow::Delivered> deliver(const delivery::Batch& batch, flow::Hurry& hurry) override {
    flow::Delivered result;
    async::Condition moved(loop_);
    const flow::Hurry::Listen listen(hurry, moved);
    while (shelf_.stuck && clock_.now() < hurry.at()) co_await clock_.wait(moved, soon(hurry));
    if (shelf_.stuck) {
      result.outcome = flow::Outcome::late;
    } else if (!shelf_.next_outcomes.empty()) {
      result.outcome = shelf_.next_outcomes.front();
      result.reason = "told to";
      shelf_.next_outcomes.pop_front();
    }
    if (result.outcome == flow::Outcome::done) {
      for (const auto& record : batch.records) keep(record);
    }
    co_return result;
  }

  async::awaitable<flow::Prepared> prepare(flow::Hurry&) override {
    ++shelf_.prepared;
    co_return flow::Prepared();
  }
  async::awaitable<flow::Delivered> cut_back(std::span<const delivery::Extent>, flow::Hurry&) override {
    co_return flow::Delivered();
  }
  async::awaitable<flow::Delivered> give_up(std::span<const delivery::Partition> partitions,
                                            flow::Hurry&) override {
    shelf_.given_up.insert(shelf_.given_up.end(), partitions.begin(), partitions.end());
    co_return flow::Delivered();
  }
  async::awaitable<void> stop(flow::Hurry&) override {
    ++shelf_.stopped;
    co_return;
  }

 private:
  void keep(const delivery::Record& record) {
    auto& kept = shelf_.records.emplace_back();
    kept.partition = *record.partition;
    kept.offset = record.offset;
    kept.value = record.value.value_or("(null)");
    for (const auto& header : record.headers)
      kept.headers.emplace_back(header.name, header.value.value_or("(null)"));
  }

  // A stuck sink looks again now and then whether the test has let it go.
  flow::time_point soon(const flow::Hurry& hurry) const {
    return std::min(hurry.at(), clock_.now() + std::chrono::milliseconds(20));
  }

  async::asio::any_io_executor loop_;
  flow::Clock& clock_;
  Shelf& shelf_;
};

}  // namespace runnel::tests
