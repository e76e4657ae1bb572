// What a format costs a record: user CPU, in the sinks' chunks of 256 KiB.
#include <runnel/format/formatter.hpp>

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace runnel::format {
namespace {

constexpr std::size_t batch = 2500;
constexpr std::size_t chunk = 256 << 10;

void append(benchmark::State& state, const Format& format, const std::string& value) {
  const delivery::Partition partition{"howtousekafka", 3};
  std::vector<delivery::Record> records(batch);
  for (std::size_t i = 0; i < batch; ++i) {
    records[i].partition = &partition;
    records[i].offset = static_cast<std::int64_t>(i);
    records[i].timestamp_ms = 1'700'000'000'000;
    records[i].key = "key-123";
    records[i].value = value;
  }
  const auto formatter = make_formatter(format);
  std::string out;
  std::size_t written = 0;
  for (auto _ : state) {
    std::span<const delivery::Record> left(records);
    while (!left.empty()) {
      out.clear();
      left = left.subspan(formatter->append(left, out, chunk));
      written += out.size();
      benchmark::DoNotOptimize(out.data());
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
  state.SetBytesProcessed(static_cast<std::int64_t>(written));
}

std::string text(std::size_t size) {
  return std::string(size, 'x');
}
std::string json(std::size_t size) {
  std::string value = R"({"num": 1, "text": ")";
  value.append(size - value.size() - 2, 'x');
  return value + "\"}";
}

Format pattern(std::string_view text) {
  return {.kind = Kind::pattern, .pattern = Pattern(text)};
}

BENCHMARK_CAPTURE(append, raw_100B, Format{.kind = Kind::raw}, text(100));
BENCHMARK_CAPTURE(append, raw_1KiB, Format{.kind = Kind::raw}, text(1024));
BENCHMARK_CAPTURE(append, json_100B, Format{.kind = Kind::json}, text(100));
BENCHMARK_CAPTURE(append, json_1KiB, Format{.kind = Kind::json}, text(1024));
BENCHMARK_CAPTURE(append, json_embed_100B, Format{.kind = Kind::json, .embed = true}, json(100));
BENCHMARK_CAPTURE(append, json_embed_1KiB, Format{.kind = Kind::json, .embed = true}, json(1024));
BENCHMARK_CAPTURE(append, pattern_value_100B, pattern("%s\\n"), text(100));
BENCHMARK_CAPTURE(append, pattern_all_100B, pattern("%t %p %o %T %k %S %s\\n"), text(100));
BENCHMARK_CAPTURE(append, pattern_all_1KiB, pattern("%t %p %o %T %k %S %s\\n"), text(1024));

}  // namespace
}  // namespace runnel::format

BENCHMARK_MAIN();
