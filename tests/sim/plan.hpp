#pragma once

#include "broker.hpp"
#include "disk.hpp"

#include <cstdint>
#include <string>

namespace runnel::sim {

/// How the records of a flow lie in files.
enum class Layout { file_per_partition, two_files_by_time, one_file };

/// What a run is made of: all of it follows from its seed. Each kind of fault is there in some runs and not
/// in others, often or rarely, since many faults at once hide each other. Chances are in 10,000 a step.
struct Plan {
  Layout layout = Layout::file_per_partition;
  bool cooperative = false;
  int partitions = 2;
  int machines = 1;
  int processes_each = 1;                    // of a machine
  int sinks = 1;                             // of a flow
  std::size_t open_files = 16;               // of a sink
  unsigned idle = 300;                       // a file by time is closed after so many checkpoints
  std::uint64_t steps = 4000;                // with faults; then all is well until everything is delivered
  std::chrono::milliseconds interval{1000};  // of checkpoints
  std::chrono::milliseconds drain{3000};

  int kill = 0;
  int power_loss = 0;
  int pause = 0;    // a process stands still
  int cut_off = 0;  // a process has no network
  int expel = 0;    // for no reason that it knows of
  int clean_stop = 0;
  int rebalance = 0;  // for nobody's sake
  int full_disk = 0;
  int operator_move = 0;
  int time = 0;   // passes although there is something to do
  int aside = 0;  // others run amid a call of the disk
  CommitFaults commits;
  DiskFaults disk;
};

Plan plan_of(std::uint64_t seed);

std::string describe(const Plan& plan);

}  // namespace runnel::sim
