#pragma once

#include "support/memory_sink.hpp"
#include "support/simulated_clock.hpp"
#include "support/simulated_group.hpp"
#include "support/simulated_host.hpp"

#include <runnel/flow/broken.hpp>
#include <runnel/flow/flow.hpp>
#include <runnel/telemetry/log.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <gmock/gmock.h>

#include <algorithm>
#include <deque>
#include <iostream>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace runnel::flow {

using namespace std::chrono_literals;
using delivery::Partition;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using tests::SimulatedGroup;
using Reply = SimulatedGroup::Reply;
namespace asio = async::asio;

inline const Partition p0{"t", 0};
inline const Partition p1{"t", 1};
inline const Partition p2{"t", 2};
constexpr auto never = SimulatedGroup::never;

inline Reply refused(int code = 27) {
  return {code, 5ms, Reply::not_at_all};
}
inline Reply late(std::chrono::nanoseconds after) {
  return {0, after};
}

/// One flow at a time on a simulated group, clock and sinks, which outlive it. Whatever a test does, two
/// things hold at each commit that the group applies: every record below it is in every sink, and durable
/// there.
class World {
 public:
  explicit World(std::size_t sinks = 1) : shelves(sinks) {
    for (std::size_t i = 0; i < sinks; ++i) {
      shelves[i].name = std::string(1, static_cast<char>('A' + i));
      shelves[i].diary = &group.diary;
    }
    group.before_apply = [this](const delivery::Positions& positions) { judge(positions); };
    params.name = "f";
    params.reset = delivery::Reset::earliest;
    params.checkpoint = {.interval = 1s, .bytes = 1'000'000};
    params.drain = 20s;
  }
  ~World() {
    if (!flow) return;
    if (!done) die();
    EXPECT_EQ(clock.waiting(), 0u);
    EXPECT_THAT(group.breaches, IsEmpty());
  }

  void live() {
    end.reset();
    failure = nullptr;
    done = false;
    std::vector<NamedSink> sinks;
    for (auto& shelf : shelves)
      sinks.push_back({shelf.name, std::make_unique<tests::MemorySink>(loop.get_executor(), clock, shelf)});
    std::unique_ptr<LedgerStore> ledger;
    if (host) {
      sinks.push_back({"files", std::make_unique<tests::SimulatedFileSink>(loop.get_executor(), *host)});
      ledger = std::make_unique<tests::SimulatedLedger>(loop.get_executor(), *host, 1);
    }
    flow = std::make_unique<Flow>(loop.get_executor(), params, group.join(loop.get_executor()),
                                  std::move(sinks), clock, std::move(ledger));
    auto ended = [this](std::exception_ptr e) {
      done = true;
      ended_at = clock.now();
      if (e) std::rethrow_exception(e);
    };
    cancel = std::make_unique<asio::cancellation_signal>();
    asio::co_spawn(loop, life(), asio::bind_cancellation_slot(cancel->slot(), ended));
  }
  void live_with(std::vector<Partition> partitions) {
    live();
    group.assign(std::move(partitions));
  }

  /// Ends the flow where it stands, by cancellation; it may not wait for anything.
  void die() {
    const auto now = clock.now();
    // On the loop: elsewhere Asio 1.81 posts it, with a pointer that may be stale by then.
    asio::post(loop, [this] {
      if (!done) cancel->emit(asio::cancellation_type::terminal);
    });
    while (!done && clock.step(loop, now)) {
    }
    EXPECT_TRUE(done) << "waits on although it was cancelled";
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
      EXPECT_EQ(error.code(), asio::error::operation_aborted);
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
    loop.poll();
    bury();
  }
  /// What was not durable is gone with the life that wrote it.
  void bury() {
    flow.reset();
    EXPECT_EQ(clock.waiting(), 0u) << "left something behind";
    for (auto& shelf : shelves) shelf.records.resize(shelf.durable);
  }

  void run_for(std::chrono::nanoseconds time) { clock.run_for(loop, time); }
  template <class Predicate>
  void until(Predicate predicate, std::chrono::nanoseconds limit = 60s) {
    const auto last = clock.now() + limit;
    while (!predicate() && clock.step(loop, last)) {
    }
    EXPECT_TRUE(predicate()) << "not within the limit";
  }
  FlowEnd stop() {
    flow->stop();
    until([&] { return done; });
    return end.value_or(FlowEnd());
  }

  std::vector<std::int64_t> got(const Partition& partition, std::size_t sink = 0) const {
    auto all = shelves[sink].offsets();
    return all[partition];
  }
  std::size_t count(std::size_t sink = 0) const { return shelves[sink].records.size(); }

  /// Every record from where the group began on is in every sink.
  void expect_no_hole() const {
    for (const auto& [partition, log] : group.logs)
      expect_delivered(partition, std::numeric_limits<std::int64_t>::max(), false);
  }
  void expect_no_double() const {
    for (std::size_t i = 0; i < shelves.size(); ++i) {
      for (auto& [partition, offsets] : shelves[i].offsets())
        EXPECT_EQ(std::set(offsets.begin(), offsets.end()).size(), offsets.size()) << "sink " << i;
    }
  }

  /// The host's files hold every record once, in order.
  void expect_once_in_files() const {
    auto there = host->offsets();
    for (const auto& [partition, log] : group.logs) {
      const auto begun = origin.find(partition);
      std::vector<std::int64_t> wanted(log.records.lower_bound(begun == origin.end() ? 0 : begun->second),
                                       log.records.end());
      EXPECT_EQ(there[partition], wanted) << "t" << partition.number;
    }
  }

  /// Where `line` stands in the diary, from `from` on; its size: nowhere.
  std::size_t where(const std::string& line, std::size_t from = 0) const {
    const auto begin = group.diary.begin() + static_cast<std::ptrdiff_t>(std::min(from, group.diary.size()));
    return static_cast<std::size_t>(std::find(begin, group.diary.end(), line) - group.diary.begin());
  }
  std::vector<std::string> diary_from(std::size_t from) const {
    return {group.diary.begin() + static_cast<std::ptrdiff_t>(from), group.diary.end()};
  }

  tests::SimulatedClock clock;
  asio::io_context loop;
  SimulatedGroup group{clock};
  std::deque<tests::Shelf> shelves;
  std::optional<tests::SimulatedHost> host;  // there is one: a sink whose files hold each record once
  FlowParams params;
  std::map<Partition, std::int64_t> origin;  // where the group began
  std::set<std::string> unread;              // sinks whose reader is gone: for them delivered is durable
  std::unique_ptr<Flow> flow;
  std::unique_ptr<asio::cancellation_signal> cancel;
  bool done = false;
  std::exception_ptr failure;
  std::optional<FlowEnd> end;
  time_point ended_at;

 private:
  // Shielded at its end, as every task of async::Group is: a cancellation that comes when all is done is
  // void.
  async::awaitable<void> life() {
    try {
      end = co_await flow->run();
    } catch (...) {
      failure = std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  }

  void judge(const delivery::Positions& positions) {
    for (const auto& [partition, next] : positions) {
      if (!group.committed.contains(partition)) origin.emplace(partition, next);
      expect_delivered(partition, next, true);
    }
  }
  void expect_delivered(const Partition& partition, std::int64_t next, bool durable) const {
    const auto& records = group.logs.at(partition).records;
    const auto begun = origin.find(partition);
    if (host) {
      const auto there = host->offsets(durable)[partition];
      auto record = records.lower_bound(begun == origin.end() ? 0 : begun->second);
      for (; record != records.end() && *record < next; ++record)
        EXPECT_TRUE(std::ranges::find(there, *record) != there.end())
            << "the files have no t" << partition.number << " " << *record
            << (durable ? ", and it is committed" : "");
    }
    for (const auto& shelf : shelves) {
      std::set<std::int64_t> there;
      const bool all = !durable || unread.contains(shelf.name);
      for (std::size_t i = 0; i < (all ? shelf.records.size() : shelf.durable); ++i)
        if (shelf.records[i].partition == partition) there.insert(shelf.records[i].offset);
      auto record = records.lower_bound(begun == origin.end() ? 0 : begun->second);
      for (; record != records.end() && *record < next; ++record)
        EXPECT_TRUE(there.contains(*record)) << "sink " << shelf.name << " has no t" << partition.number
                                             << " " << *record << (durable ? ", and it is committed" : "");
    }
  }
};

/// Keeps the log, and shows it, and what was done, when a fact is none.
class FlowFacts : public testing::Test {
 protected:
  void SetUp() override { testing::internal::CaptureStderr(); }
  void TearDown() override {
    log();
    testing::internal::GetCapturedStderr();
    if (HasFailure()) std::cerr << log_;
  }
  const std::string& log() {
    log_ += testing::internal::GetCapturedStderr();
    testing::internal::CaptureStderr();
    return log_;
  }

 private:
  std::string log_;
};

}  // namespace runnel::flow
