// How late ticks come while a flow works at full speed in the same process: real heartbeats on the real loop,
// each record handed to a real producer, beside a real flow that carries a topic into a file over and over.
//
//   bench_ticks BROKER TOPIC GROUP FILE SECONDS TICKS INTERVAL_MS...
//
// Prints what the flow carried and, for each interval, how many ticks were made and missed, and how late they
// were when they reached the producer, in microseconds; and how late a thread was meanwhile that does nothing
// but wait for the same moments, which is what the machine itself allows:
//   records N
//   tick INTERVAL_MS MADE MISSED MEDIAN P99 P999 WORST
//   bare INTERVAL_MS MADE 0 MEDIAN P99 P999 WORST
#include "sink.hpp"

#include <runnel/flow/flow.hpp>
#include <runnel/flow/heartbeat.hpp>
#include <runnel/kafka/consumer.hpp>
#include <runnel/kafka/producer.hpp>
#include <runnel/telemetry/log.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace runnel::bench {
namespace {

using namespace std::chrono_literals;
namespace asio = async::asio;

/// A source that begins each partition anew when it has reached its end. Thread: the loop's.
class OverAndOver final : public flow::Source {
 public:
  explicit OverAndOver(std::unique_ptr<flow::Source> inner) : inner_(std::move(inner)) {}

  async::awaitable<flow::Event> next(bool records, flow::time_point until) override {
    if (!spent_.empty()) inner_->rewind(std::exchange(spent_, {}));
    auto event = co_await inner_->next(records, until);
    if (const auto* batch = std::get_if<delivery::Batch>(&event))
      for (const auto& reached : batch->reached)
        if (reached.next >= inner_->end_of(*reached.partition)) spent_[*reached.partition] = 0;
    co_return event;
  }

  void join() override { inner_->join(); }
  void wake() override { inner_->wake(); }
  void on_change(std::function<void()> call) override { inner_->on_change(std::move(call)); }
  async::awaitable<std::optional<flow::LookedUp>> look_up(
      const std::vector<delivery::Partition>& partitions, bool siblings,
      const std::set<delivery::Partition>& others) override {
    return inner_->look_up(partitions, siblings, others);
  }
  std::int64_t end_of(const delivery::Partition& partition) const override {
    return inner_->end_of(partition);
  }
  void assign(const delivery::Positions& begin) override { inner_->assign(begin); }
  void unassign() override {
    spent_.clear();
    inner_->unassign();
  }
  void rewind(const delivery::Positions& positions) override { inner_->rewind(positions); }
  void commit(delivery::Commits commits) override { inner_->commit(std::move(commits)); }
  bool committing() const override { return inner_->committing(); }
  void leave() override { inner_->leave(); }
  bool closed() const override { return inner_->closed(); }
  async::awaitable<void> dispose() override { return inner_->dispose(); }

 private:
  std::unique_ptr<flow::Source> inner_;
  delivery::Positions spent_;  // at their beginning
};

/// A publisher that notes how late each tick is when its message is handed over. One that was missed is as
/// late as the message that comes in its place. Thread: the loop's.
class Noting final : public flow::Publisher {
 public:
  Noting(std::unique_ptr<flow::Publisher> inner, std::chrono::nanoseconds interval)
      : inner_(std::move(inner)), interval_(interval) {}

  bool has_room() const override { return inner_->has_room(); }
  async::awaitable<flow::Report> send(flow::Message message) override {
    const auto now = std::chrono::system_clock::now();
    if (last_)  // half an interval is for the conversion from the steady clock
      for (auto missed = *last_ + interval_; missed + interval_ / 2 < message.timestamp; missed += interval_)
        late_.push_back(now - missed);
    late_.push_back(now - message.timestamp);
    last_ = message.timestamp;
    return inner_->send(std::move(message));
  }
  async::awaitable<bool> flush(flow::time_point until) override { return inner_->flush(until); }
  async::awaitable<void> dispose() override { return inner_->dispose(); }

  const std::vector<std::chrono::nanoseconds>& late() const { return late_; }

 private:
  std::unique_ptr<flow::Publisher> inner_;
  std::chrono::nanoseconds interval_;
  std::optional<std::chrono::system_clock::time_point> last_;
  std::vector<std::chrono::nanoseconds> late_;
};

/// A thread that does nothing but wait for its next moment. Thread: its own.
class BareTimer {
 public:
  explicit BareTimer(std::chrono::milliseconds interval)
      : thread_([this, interval](const std::stop_token& stop) {
          const auto now = [] { return std::chrono::steady_clock::now(); };
          for (auto due = now() + interval; !stop.stop_requested(); due += interval) {
            std::this_thread::sleep_until(due);
            late_.push_back(now() - due);
          }
        }) {}

  const std::vector<std::chrono::nanoseconds>& end() {  // once; gives how late it was each time
    thread_.request_stop();
    thread_.join();
    return late_;
  }

 private:
  std::vector<std::chrono::nanoseconds> late_;
  std::jthread thread_;
};

void report(std::string_view what, std::chrono::milliseconds interval, std::uint64_t made,
            std::uint64_t missed, std::vector<std::chrono::nanoseconds> late) {
  if (late.empty()) return;
  std::ranges::sort(late);
  const auto at = [&](double share) {
    const auto index = static_cast<std::size_t>(share * static_cast<double>(late.size()));
    return static_cast<double>(late[std::min(index, late.size() - 1)].count()) / 1000;
  };
  fmt::print("{} {} {} {} {:.0f} {:.0f} {:.0f} {:.0f}\n", what, interval.count(), made, missed, at(0.5),
             at(0.99), at(0.999), at(1));
}

int run(const std::vector<std::string>& arguments) {
  const auto& [broker, topic, group, file] = std::tie(arguments[0], arguments[1], arguments[2], arguments[3]);
  const std::chrono::seconds duration(std::stoi(arguments[4]));
  const auto& ticks = arguments[5];

  asio::io_context loop(1);
  flow::RealClock clock;

  std::vector<flow::NamedSink> sinks;
  sinks.push_back({"file", make_file_sink(loop.get_executor(), clock, file, "raw")});
  kafka::ConsumerParams consumer;
  consumer.name = "bench";
  consumer.topics = {topic};
  // At its end a partition is asked for only until it begins anew: no long polls.
  consumer.properties = {{"bootstrap.servers", broker}, {"group.id", group}, {"fetch.wait.max.ms", "10"}};
  auto source = std::make_unique<OverAndOver>(kafka::make_consumer(loop.get_executor(), std::move(consumer)));
  flow::FlowParams params;
  params.name = "bench";
  params.reset = delivery::Reset::earliest;
  flow::Flow flow(loop.get_executor(), params, std::move(source), std::move(sinks), clock);

  std::vector<std::pair<std::chrono::milliseconds, std::unique_ptr<Noting>>> publishers;
  std::vector<std::unique_ptr<flow::Heartbeat>> beats;
  for (std::size_t i = 6; i < arguments.size(); ++i) {
    const std::chrono::milliseconds interval(std::stoi(arguments[i]));
    auto producer = kafka::make_producer(loop.get_executor(), {"tick", {{"bootstrap.servers", broker}}});
    publishers.emplace_back(interval, std::make_unique<Noting>(std::move(producer), interval));
    const auto make = [ticks](std::uint64_t seq, std::chrono::system_clock::time_point scheduled) {
      flow::Message message;
      message.topic = ticks;
      message.value = std::to_string(seq);
      message.timestamp = scheduled;
      return message;
    };
    beats.push_back(std::make_unique<flow::Heartbeat>(
        loop.get_executor(), flow::HeartbeatParams{"tick " + arguments[i], interval, std::nullopt}, make,
        *publishers.back().second, clock));
  }

  std::vector<std::pair<std::chrono::milliseconds, std::unique_ptr<BareTimer>>> bare;
  std::size_t running = 1 + beats.size();
  std::exception_ptr failure;
  const auto ended = [&](std::exception_ptr thrown) {
    if (thrown) failure = thrown;
    if (--running == 0 || thrown) loop.stop();
  };
  const auto flow_ended = [&](std::exception_ptr thrown, const flow::FlowEnd&) { ended(std::move(thrown)); };
  asio::steady_timer begin(loop, 5s);  // the flow has joined and is under way by then
  begin.async_wait([&](boost::system::error_code) {
    for (const auto& beat : beats) asio::co_spawn(loop, beat->run(), ended);
    for (const auto& [interval, publisher] : publishers)
      bare.emplace_back(interval, std::make_unique<BareTimer>(interval));
  });
  asio::steady_timer end(loop, 5s + duration);
  std::uint64_t records = 0;
  end.async_wait([&](boost::system::error_code) {
    records = flow.counters().records;
    for (const auto& beat : beats) beat->stop(clock.now() + 5s);
    flow.stop();
  });
  asio::co_spawn(loop, flow.run(), flow_ended);
  loop.run();
  if (failure) std::rethrow_exception(failure);

  fmt::print("records {}\n", records);
  for (std::size_t i = 0; i < beats.size(); ++i) {
    const auto& counters = beats[i]->tally().counters();
    report("tick", publishers[i].first, counters.made, counters.missed, publishers[i].second->late());
  }
  for (const auto& [interval, timer] : bare) {
    const auto& late = timer->end();
    report("bare", interval, late.size(), 0, late);
  }
  return 0;
}

}  // namespace
}  // namespace runnel::bench

int main(int argc, char** argv) {
  if (argc < 8) {
    std::fputs("bench_ticks BROKER TOPIC GROUP FILE SECONDS TICKS INTERVAL_MS...\n", stderr);
    return 64;
  }
  runnel::telemetry::open_log(runnel::telemetry::Dress::plain, runnel::telemetry::Level::warning);
  try {
    return runnel::bench::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_ticks: %s\n", error.what());
    return 1;
  }
}
