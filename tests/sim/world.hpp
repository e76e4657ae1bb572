#pragma once

#include "agenda.hpp"
#include "broker.hpp"
#include "diary.hpp"
#include "dice.hpp"
#include "disk.hpp"
#include "oracle.hpp"
#include "plan.hpp"
#include "process.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace runnel::sim {

/// How a run ended.
struct Result {
  Breach breach;                       // the oracle's
  std::optional<std::string> failure;  // a process has given up, or it came to no end
  std::uint64_t steps = 0;
  std::uint64_t hash = 0;  // of the diary
  std::int64_t records = 0;
  int deaths = 0;
  int power_losses = 0;

  Breach trouble() const { return breach ? breach : failure; }
};

/// Machines, processes, a group, and all that happens to them, one thing after the other on one thread.
///
/// For the first steps of the plan its faults happen; then all is well until each process was in the group
/// again and all is delivered, and they end. The oracle looks after every step. The same seed is the same
/// run.
class World {
 public:
  explicit World(std::uint64_t seed, const Mutation* mutation = nullptr)
      : World(seed, plan_of(seed), mutation) {}
  World(std::uint64_t seed, const Plan& plan, const Mutation* mutation = nullptr);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  Diary& diary() { return diary_; }
  const Plan& plan() const { return plan_; }

  /// Once.
  Result run();

 private:
  struct Slot {
    std::string name;
    int machine = 0;
    std::unique_ptr<Life> life;
    bool paused = false;
    bool stopping = false;  // it was told to end
    bool due = false;       // its start stands in the agenda
    int assignments = 0;    // of its member, when the last rebalance was asked for
  };

  bool step();
  void aside();
  bool act();
  bool idle();
  void mishaps();
  bool tidy();
  void observe();

  Slot& any();
  void start(Slot& slot);
  void start_later(Slot& slot);
  void kill(Slot& slot, const char* how);
  void lose_power(int machine);
  void pause(Slot& slot);
  void cut_off(Slot& slot);
  void expel_if_still_away(Slot& slot);
  void fill_disk();
  void stop(Slot& slot);
  void stop_all_for_operator();
  void operate();
  void produce();

  void mend();
  bool all_are_there() const;
  bool all_is_delivered() const;
  void finish();

  Breach at_end();
  std::vector<Stand> stands(bool to_the_end) const;
  Files files(int sink, bool durable) const;
  void breach(Breach found);
  void fail(std::string text);

  Plan plan_;
  const Mutation* mutation_;
  Dice dice_;
  tests::SimulatedClock clock_;
  Diary diary_{clock_};
  Agenda agenda_{clock_};
  Broker broker_;
  std::deque<Machine> machines_;
  std::deque<Slot> slots_;
  Result result_;
  int depth_ = 0;
  bool operator_waits_ = false;
  bool mended_ = false;
  bool quiet_ = false;        // no request of before is under way
  bool asked_again_ = false;  // for one more rebalance, when all were there
  bool finishing_ = false;
  std::uint64_t seen_ = 0;  // versions, by the oracle
};

}  // namespace runnel::sim
