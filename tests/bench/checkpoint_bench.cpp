// What a checkpoint costs: what a flow asks of its values on the loop, and the text that its ledger's thread
// makes of it, for so many open partitions of which so many have changed, each with a file of its own. The
// disk is not in it, nor that the ledger is written anew now and then, which its thread does.
#include <runnel/delivery/ledger_file.hpp>
#include <runnel/delivery/progress.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

namespace runnel::delivery {
namespace {

using namespace std::chrono_literals;

class Checkpoints {
 public:
  explicit Checkpoints(std::int32_t open) {
    Positions positions;
    auto opening = ledger_.next();
    opening.settled = true;
    for (std::int32_t i = 0; i < open; ++i) {
      partitions_.push_back({"howtousekafka", i});
      files_.push_back("/var/log/kafka/howtousekafka-" + std::to_string(i));
      positions[partitions_.back()] = 0;
      opening.places.push_back({partitions_.back(), 0, false});
      opening.files.push_back({files_.back(), 0, {partitions_.back()}});
    }
    progress_.assigned(positions, {}, {});
    ledger_.add(opening);
  }

  /// The bytes that the ledger's file grows by; 0: there was nothing to do, and nothing was done.
  std::size_t one(std::size_t changed) {
    now_ += 1s;
    ++offset_;
    reached_.clear();
    for (std::size_t i = 0; i < changed; ++i) reached_.push_back({&partitions_[i], offset_});
    progress_.delivered(reached_, changed * 100);
    if (!progress_.checkpoint_due(now_, false)) return 0;

    const auto positions = progress_.uncommitted();
    auto entry = ledger_.next();
    for (const auto& [partition, next] : positions) entry.places.push_back({partition, next, true});
    for (std::size_t i = 0; i < changed; ++i)
      entry.files.push_back({files_[i], static_cast<std::uint64_t>(offset_) * 100, {partitions_[i]}});
    const auto text = to_text(ledger_.name(), entry);
    ledger_.add(entry);
    progress_.handed_over(positions, now_);
    ledger_.answered(entry.sequence);
    progress_.committed(now_);
    return text.size();
  }

 private:
  Progress progress_{CheckpointLimits()};
  Ledger ledger_{LedgerName{1, "cluster", "group"}};
  std::vector<Partition> partitions_;
  std::vector<std::string> files_;
  std::vector<Reached> reached_;
  std::int64_t offset_ = 0;
  Progress::time_point now_{};
};

void checkpoint(benchmark::State& state) {
  Checkpoints checkpoints(static_cast<std::int32_t>(state.range(0)));
  std::size_t bytes = 0;
  for (auto _ : state) bytes += checkpoints.one(static_cast<std::size_t>(state.range(1)));
  benchmark::DoNotOptimize(bytes);
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(checkpoint)
    ->ArgNames({"open", "changed"})
    ->Args({10, 0})
    ->Args({10'000, 0})
    ->Args({10, 10})
    ->Args({10'000, 10})
    ->Args({10'000, 10'000});

}  // namespace
}  // namespace runnel::delivery
