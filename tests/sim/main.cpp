// Runs the exactly-once path on simulated machines, from seeds: see docs/simulator.md.
#include "world.hpp"

#include <runnel/telemetry/log.hpp>

#include <fmt/core.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace {

using namespace runnel;

struct Options {
  std::optional<std::uint64_t> seed;  // this one alone, with its diary
  std::optional<std::uint64_t>
      from;                         // else from this one on; none: 1, or another one each second of --minutes
  std::uint64_t steps = 1'000'000;  // until there were so many
  std::chrono::minutes minutes{0};  // and so much time has passed
  const sim::Mutation* mutation = nullptr;
};

int usage() {
  fmt::print(stderr,
             "usage: sim [--steps N] [--minutes N] [--from SEED]    runs seeds, one after the other, until "
             "both are over\n"
             "       sim --seed N                                   runs one, and prints its diary\n"
             "       --break RULE                                   breaks a rule:");
  for (const auto& mutation : sim::mutations()) fmt::print(stderr, " {}", mutation.name);
  fmt::print(stderr, "\n");
  return 64;
}

std::optional<Options> read(int count, char** words) {
  Options options;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = words[i];
    const char* value = words[i + 1];
    const auto number = std::strtoull(value, nullptr, 10);
    if (name == "--seed") {
      options.seed = number;
    } else if (name == "--from") {
      options.from = number;
    } else if (name == "--steps") {
      options.steps = number;
    } else if (name == "--minutes") {
      options.minutes = std::chrono::minutes(number);
    } else if (name == "--break") {
      for (const auto& mutation : sim::mutations())
        if (std::string_view(value) == mutation.name) options.mutation = &mutation;
      if (options.mutation == nullptr) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  return count % 2 == 1 ? std::optional(options) : std::nullopt;
}

int replay(const Options& options) {
  sim::World world(*options.seed, options.mutation);
  fmt::print("seed {}: {}\n", *options.seed, describe(world.plan()));
  world.diary().reader = [](const std::string& line) { fmt::print("{}\n", line); };
  const auto result = world.run();
  fmt::print("seed {}: {} steps, diary {:016x}: {}\n", *options.seed, result.steps, result.hash,
             result.trouble().value_or("all is well"));
  return result.trouble() ? 1 : 0;
}

std::uint64_t first_seed(const Options& options) {
  if (options.from) return *options.from;
  if (options.minutes.count() == 0) return 1;
  return static_cast<std::uint64_t>(std::time(nullptr)) * 10'000;
}

int run(const Options& options) {
  const auto begun = std::chrono::steady_clock::now();
  const auto time = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun); };
  std::uint64_t steps = 0;
  std::int64_t records = 0;
  int deaths = 0, power_losses = 0;
  const auto first = first_seed(options);
  auto seed = first;
  for (; steps < options.steps || time() < options.minutes; ++seed) {
    sim::World world(seed, options.mutation);
    const auto result = world.run();
    steps += result.steps;
    records += result.records;
    deaths += result.deaths;
    power_losses += result.power_losses;
    if (!result.trouble()) continue;
    fmt::print("seed {} breaks at step {}: {}\nreplay it with: ./dev sim --seed {}\n", seed, result.steps,
               *result.trouble(), seed);
    return 1;
  }
  fmt::print(
      "seeds {} to {}: {} steps in {:.0f} s, {} records, {} dead processes, {} losses of power: all is "
      "well\n",
      first, seed - 1, steps, time().count(), records, deaths, power_losses);
  return 0;
}

}  // namespace

int main(int count, char** words) {
  const auto options = read(count, words);
  if (!options) return usage();
  if (options->seed) return replay(*options);
  std::ignore = std::freopen("/dev/null", "w", stderr);  // a thousand flows have a lot to say
  return run(*options);
}
