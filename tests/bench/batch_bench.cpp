// What one batch costs on its way from a queue to a sink: the real flow and the real sinks, over a source
// that always has a batch of 2,500 records.
#include "sink.hpp"
#include "support/temporary_directory.hpp"
#include "values.hpp"

#include <runnel/flow/flow.hpp>
#include <runnel/telemetry/log.hpp>

#include <benchmark/benchmark.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace runnel::bench {
namespace {

namespace asio = async::asio;

constexpr std::size_t records_a_batch = 2500;
constexpr int partitions = 4;

/// One assignment, then the same batch again and again, as a consumer gives it: one run of records a
/// partition.
class Endless final : public flow::Source {
 public:
  Endless(asio::any_io_executor loop, std::size_t size) : loop_(std::move(loop)) {
    const Values values(size);
    for (int i = 0; i < partitions; ++i) partitions_.push_back({"howtousekafka", i});
    text_.resize(records_a_batch * size);
    for (std::size_t i = 0; i < records_a_batch; ++i) {
      char* value = text_.data() + i * size;
      values.write(i, value);
      auto& record = records_.emplace_back();
      record.partition = &partitions_[i * partitions / records_a_batch];
      record.offset = static_cast<std::int64_t>(1'000'000 + i);
      record.timestamp_ms = 1'700'000'000'000;
      record.value = std::string_view(value, size);
    }
    for (const auto& partition : partitions_) reached_.push_back({&partition, 1'100'000});
  }

  async::awaitable<flow::Event> next(bool records, flow::time_point) override {
    co_await asio::post(loop_, asio::use_awaitable);
    if (!std::exchange(assigned_, true)) co_return flow::Assigned{partitions_};
    if (committed_) {
      committed_ = false;
      co_return flow::Answer();
    }
    if (leaving_) closed_ = true;
    if (!records || leaving_) co_return flow::Nothing();
    co_return delivery::Batch{records_, reached_, text_.size(), {}};
  }
  async::awaitable<std::optional<flow::LookedUp>> look_up(const std::vector<delivery::Partition>& asked, bool,
                                                          const std::set<delivery::Partition>&) override {
    flow::LookedUp found;
    for (const auto& partition : asked) {
      auto& each = found.known.emplace_back();
      each.partition = partition;
      each.committed = 0;
    }
    co_return found;
  }
  void join() override {}
  void wake() override {}
  void on_change(std::function<void()>) override {}
  std::int64_t end_of(const delivery::Partition&) const override { return 0; }
  void assign(const delivery::Positions&) override {}
  void unassign() override {}
  void rewind(const delivery::Positions&) override {}
  void commit(delivery::Commits) override { committed_ = true; }
  bool committing() const override { return committed_; }
  void leave() override { leaving_ = true; }
  bool closed() const override { return closed_; }
  async::awaitable<void> dispose() override { co_return; }

 private:
  asio::any_io_executor loop_;
  std::vector<delivery::Partition> partitions_;
  std::string text_;
  std::vector<delivery::Record> records_;
  std::vector<delivery::Reached> reached_;
  bool assigned_ = false;
  bool committed_ = false;
  bool leaving_ = false;
  bool closed_ = false;
};

void carry(benchmark::State& state, const std::string& keys) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const tests::TemporaryDirectory directory;
  const auto file = directory / "out";
  const bool writes = keys.find("file") != keys.npos;

  asio::io_context loop(1);
  flow::RealClock clock;
  std::vector<flow::NamedSink> sinks;
  sinks.push_back(
      {"out", make_sink(loop.get_executor(), clock, keys + (writes ? "path = \"" + file + "\"\n" : ""))});
  flow::FlowParams params;
  params.name = "bench";
  params.checkpoint = {std::chrono::hours(1), 1ULL << 40};  // none amid the batches
  flow::Flow flow(loop.get_executor(), params, std::make_unique<Endless>(loop.get_executor(), size),
                  std::move(sinks), clock);
  bool ended = false;
  asio::co_spawn(loop, flow.run(), [&](std::exception_ptr failure, const flow::FlowEnd&) {
    ended = true;
    if (failure) std::rethrow_exception(failure);
  });

  constexpr std::uint64_t most_bytes = 256 << 20;  // in the file, which then is cut
  std::uint64_t batches = 0;
  std::uint64_t written = 0;
  for (auto _ : state) {
    ++batches;
    while (flow.counters().records < batches * records_a_batch) loop.run_one();
    written += records_a_batch * size;
    if (!writes || written < most_bytes) continue;
    state.PauseTiming();
    std::filesystem::resize_file(file, 0);
    written = 0;
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(batches * records_a_batch));
  flow.stop();
  while (!ended) loop.run_one();
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(100)->Arg(1024)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(carry, null, std::string("type = \"null\"\n"))->Apply(sizes);
BENCHMARK_CAPTURE(carry, file_raw, std::string("type = \"file\"\nformat = \"raw\"\n"))->Apply(sizes);
BENCHMARK_CAPTURE(carry, file_json, std::string("type = \"file\"\nformat = \"json\"\n"))->Apply(sizes);

}  // namespace
}  // namespace runnel::bench

int main(int argc, char** argv) {
  runnel::telemetry::open_log(runnel::telemetry::Dress::plain, runnel::telemetry::Level::warning);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
