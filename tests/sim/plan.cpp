#include "plan.hpp"

#include "dice.hpp"

#include <fmt/core.h>

namespace runnel::sim {
namespace {

// Not at all in half of the runs; else up to `most`.
int some(Dice& dice, int most) {
  if (dice.chance(5'000)) return 0;
  return static_cast<int>(dice.between(1, most));
}

const char* name(Layout layout) {
  switch (layout) {
    case Layout::file_per_partition:
      return "a file for each partition";
    case Layout::two_files_by_time:
      return "two files by time for each partition";
    case Layout::one_file:
      return "one file";
  }
  return "";
}

}  // namespace

Plan plan_of(std::uint64_t seed) {
  Dice dice(seed ^ 0x706c616eULL);
  Plan plan;
  plan.layout = static_cast<Layout>(dice.below(3));
  plan.cooperative = dice.chance(5'000);
  plan.partitions = static_cast<int>(dice.between(1, 4));
  plan.machines = static_cast<int>(dice.between(1, 3));
  plan.processes_each = dice.chance(2'500) ? 2 : 1;
  plan.sinks = dice.chance(2'000) ? 2 : 1;
  plan.open_files = static_cast<std::size_t>(dice.between(1, 16));
  plan.steps = static_cast<std::uint64_t>(dice.between(1'000, 8'000));
  plan.interval = std::chrono::milliseconds(dice.between(50, 1'000));
  plan.drain = std::chrono::milliseconds(dice.between(1'000, 5'000));
  plan.kill = some(dice, 30);
  plan.power_loss = some(dice, 20);
  plan.pause = some(dice, 15);
  plan.cut_off = some(dice, 15);
  plan.expel = some(dice, 20);
  plan.clean_stop = some(dice, 20);
  plan.rebalance = some(dice, 20);
  plan.full_disk = some(dice, 10);
  // One file for all partitions holds records of another one twice then: docs/exactly-once.md.
  plan.operator_move = plan.layout == Layout::one_file ? 0 : some(dice, 5);
  plan.time = some(dice, 500);
  plan.aside = some(dice, 2'000);
  plan.commits = {some(dice, 1'000), some(dice, 1'000), some(dice, 1'000), some(dice, 1'000)};
  plan.disk = {some(dice, 100), some(dice, 30),  some(dice, 30), some(dice, 100),
               some(dice, 100), some(dice, 100), some(dice, 60)};
  plan.idle = static_cast<unsigned>(dice.between(1, 5));
  return plan;
}

std::string describe(const Plan& plan) {
  return fmt::format(
      "{} machine(s) with {} process(es) each, {} partition(s) in {} of {} sink(s), {}, checkpoints each {} "
      "ms; in 10,000 steps: "
      "{} kills, {} losses of power, {} pauses, {} without network, {} expelled, {} clean stops, {} "
      "rebalances, {} full "
      "disks, {} moves; in 10,000 commits {} lost, {} mute, {} late, {} refused; in 10,000 calls of the "
      "disk: {} failed writes, {} "
      "syncs, {} of directories, {} opens, {} cuts, {} renames, {} deaths",
      plan.machines, plan.processes_each, plan.partitions, name(plan.layout), plan.sinks,
      plan.cooperative ? "cooperative" : "eager", plan.interval.count(), plan.kill, plan.power_loss,
      plan.pause, plan.cut_off, plan.expel, plan.clean_stop, plan.rebalance, plan.full_disk,
      plan.operator_move, plan.commits.lost, plan.commits.mute, plan.commits.late, plan.commits.refused,
      plan.disk.write, plan.disk.sync, plan.disk.directory, plan.disk.open, plan.disk.cut, plan.disk.rename,
      plan.disk.death);
}

}  // namespace runnel::sim
