#pragma once

#include <runnel/async/condition.hpp>
#include <runnel/flow/sink.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
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
  std::size_t durable = 0;  // so many of them were there at the last prepare()
  std::vector<delivery::Partition> given_up;
  int prepared = 0;
  int stopped = 0;
  std::vector<flow::time_point> attempts;     // when each deliver() began
  std::string name;                           // in the diary
  std::vector<std::string>* diary = nullptr;  // what was done, in order; none: not written

  bool stuck = false;                         // deliver() waits for its deadline
  bool prepare_stuck = false;                 // prepare() does
  std::chrono::milliseconds looks_again{20};  // a stuck sink, whether the test has let it go
  std::chrono::nanoseconds takes{0};          // each deliver(), unless the deadline comes first
  std::deque<flow::Outcome> next_outcomes;    // of the next deliver() calls; then done
  std::deque<flow::Outcome> next_prepared;    // of the next prepare() calls; then done
  std::deque<flow::Outcome> next_given_up;    // of the next give_up() calls; then done

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
    shelf_.attempts.push_back(clock_.now());
    co_await others_turn();
    const auto ready = clock_.now() + shelf_.takes;
    const bool in_time = co_await held_up(shelf_.stuck, ready, hurry);
    if (!in_time)
      result.outcome = flow::Outcome::late;
    else
      result.outcome = next_of(shelf_.next_outcomes);
    if (result.outcome == flow::Outcome::done) {
      for (const auto& record : batch.records) keep(record);
      write("deliver " + std::to_string(batch.records.size()));
    } else {
      result.reason = "told to";
    }
    co_await others_turn();
    co_return result;
  }

  async::awaitable<flow::Delivered> prepare(flow::Hurry& hurry) override {
    flow::Delivered result;
    const auto there = shelf_.records.size();
    co_await others_turn();
    const bool in_time = co_await held_up(shelf_.prepare_stuck, clock_.now(), hurry);
    if (!in_time)
      result.outcome = flow::Outcome::late;
    else
      result.outcome = next_of(shelf_.next_prepared);
    if (result.outcome == flow::Outcome::done) {
      ++shelf_.prepared;
      shelf_.durable = there;
      write("prepare");
    } else {
      result.reason = "told to";
    }
    co_await others_turn();
    co_return result;
  }
  async::awaitable<flow::Delivered> give_up(std::span<const delivery::Partition> partitions,
                                            flow::Hurry&) override {
    co_await others_turn();
    write("give up");
    shelf_.given_up.insert(shelf_.given_up.end(), partitions.begin(), partitions.end());
    flow::Delivered result;
    result.outcome = next_of(shelf_.next_given_up);
    co_return result;
  }
  async::awaitable<void> stop(flow::Hurry&) override {
    co_await others_turn();
    ++shelf_.stopped;
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

  // The world may end its caller here: before and after each thing that is done.
  async::awaitable<void> others_turn() { return async::asio::post(loop_, async::asio::use_awaitable); }

  // Until `ready`, and until it is not stuck. False: the deadline came first.
  async::awaitable<bool> held_up(const bool& stuck, flow::time_point ready, flow::Hurry& hurry) {
    async::Condition moved(loop_);
    const flow::Hurry::Listen listen(hurry, moved);
    while ((stuck || clock_.now() < ready) && clock_.now() < hurry.at()) {
      const auto until = stuck ? soon(hurry) : std::min(ready, hurry.at());
      co_await clock_.wait(moved, until);
    }
    co_return !stuck && clock_.now() >= ready;
  }

  static flow::Outcome next_of(std::deque<flow::Outcome>& outcomes) {
    if (outcomes.empty()) return flow::Outcome::done;
    const auto outcome = outcomes.front();
    outcomes.pop_front();
    return outcome;
  }

  void write(const std::string& what) {
    if (shelf_.diary != nullptr) shelf_.diary->push_back(shelf_.name + ": " + what);
  }

  flow::time_point soon(const flow::Hurry& hurry) const {
    return std::min(hurry.at(), clock_.now() + shelf_.looks_again);
  }

  async::asio::any_io_executor loop_;
  flow::Clock& clock_;
  Shelf& shelf_;
};

}  // namespace runnel::tests
