#include "world.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace runnel::sim {

using namespace std::chrono_literals;

World::World(std::uint64_t seed, const Plan& plan, const Mutation* mutation)
    : plan_(plan), mutation_(mutation), dice_(seed), broker_(dice_, agenda_, diary_) {
  broker_.cooperative = plan.cooperative;
  broker_.faults = plan.commits;
  broker_.takes_any_generation = mutation != nullptr && mutation->what == Mutation::any_generation;
  for (int i = 0; i < plan.partitions; ++i) broker_.topics[{"t", i}];
  for (int i = 0; i < plan.machines; ++i) {
    machines_.emplace_back(dice_);
    for (int k = 0; k < plan.processes_each; ++k) {
      auto& slot = slots_.emplace_back();
      slot.name = "p" + std::to_string(slots_.size() - 1);
      slot.machine = i;
    }
  }
}

World::~World() {
  for (auto& slot : slots_)
    if (slot.life) slot.life->bury();
}

Result World::run() {
  for (auto& slot : slots_) start_later(slot);
  produce();
  try {
    while (!result_.trouble() && step()) {
      if (result_.steps >= plan_.steps) mend();
      if (mended_) finish();
      if (finishing_ && std::ranges::none_of(slots_, [](const Slot& slot) { return slot.life != nullptr; })) {
        breach(at_end());
        break;
      }
    }
  } catch (const std::exception& error) {
    fail(std::string("the simulation itself: ") + error.what());
  }
  for (const auto& [partition, topic] : broker_.topics) result_.records += topic.high;
  result_.hash = diary_.hash();
  return result_;
}

// ---- a step

bool World::step() {
  diary_.step = ++result_.steps;
  if (!mended_) mishaps();
  if (plan_.time > 0 && dice_.chance(plan_.time)) clock_.stall(dice_.time(1us, 20ms));
  bool moved = act() || idle();
  if (depth_ == 0) moved = tidy() || moved;
  observe();
  constexpr std::uint64_t patience = 30'000;
  if ((!moved && depth_ == 0) || result_.steps > plan_.steps + patience)
    fail("it does not come to an end, though all is well");
  return moved;
}

// Amid a call of the disk, which may take long.
void World::aside() {
  constexpr int deepest = 3;
  if (plan_.aside == 0 || depth_ >= deepest || !dice_.chance(plan_.aside)) return;
  ++depth_;
  for (auto left = 1 + dice_.below(10); left > 0 && !result_.trouble(); --left) step();
  --depth_;
}

bool World::act() {
  const auto from = dice_.below(slots_.size() + 1);
  for (std::size_t i = 0; i <= slots_.size(); ++i) {
    const auto at = (from + i) % (slots_.size() + 1);
    if (at == slots_.size()) {
      if (agenda_.step()) return true;
      continue;
    }
    auto& slot = slots_[at];
    if (slot.life && !slot.paused && !slot.life->dead() && slot.life->step()) return true;
  }
  return false;
}

// Nothing can run: time goes to the next thing that somebody waits for.
bool World::idle() {
  clock_.stall(0ns);  // who began to wait for a moment that had passed
  if (act()) return true;
  auto next = clock_.next();
  if (const auto due = agenda_.next()) next = next ? std::min(*next, *due) : *due;
  if (!next) return false;
  clock_.stall(*next - clock_.now());
  return true;
}

void World::mishaps() {
  const auto happens = [this](int chance) { return chance > 0 && dice_.chance(chance); };
  if (dice_.chance(300)) produce();
  if (happens(plan_.kill)) kill(any(), "is killed");
  if (happens(plan_.power_loss)) lose_power(static_cast<int>(dice_.below(machines_.size())));
  if (happens(plan_.pause)) pause(any());
  if (happens(plan_.cut_off)) cut_off(any());
  if (happens(plan_.expel)) {
    if (auto& slot = any(); slot.life) broker_.expel(slot.life->member().number());
  }
  if (happens(plan_.clean_stop)) stop(any());
  if (happens(plan_.rebalance)) broker_.begin_rebalance();
  if (happens(plan_.full_disk)) fill_disk();
  if (happens(plan_.operator_move)) stop_all_for_operator();
}

// Buries who is dead, and says how others ended.
bool World::tidy() {
  bool any_gone = false;
  for (auto& slot : slots_) {
    if (!slot.life || (!slot.life->dead() && !slot.life->ended())) continue;
    any_gone = true;
    if (slot.life->ended()) {
      const auto failure = slot.life->failure();
      diary_.write("{} ends{}{}", slot.name, failure ? ": " : "", failure.value_or(""));
      if (failure && !slot.life->dead()) fail(slot.name + " gives up: " + *failure);
    } else {
      ++result_.deaths;
    }
    const int client = slot.life->member().number();
    slot.life->bury();
    slot.life.reset();
    slot.paused = slot.stopping = false;
    agenda_.in(Broker::session_timeout, [this, client] { broker_.expel(client); });
    if (!operator_waits_ && !finishing_) start_later(slot);
  }
  if (operator_waits_) operate();
  return any_gone;
}

// ---- what happens to processes

World::Slot& World::any() {
  return slots_[dice_.below(slots_.size())];
}

void World::start_later(Slot& slot) {
  if (slot.due || slot.life) return;
  slot.due = true;
  agenda_.in(dice_.chance(3'000) ? dice_.time(1ms, 100ms) : dice_.time(100ms, 12s), [this, &slot] {
    slot.due = false;
    if (!operator_waits_) start(slot);
  });
}

void World::start(Slot& slot) {
  diary_.write("{} starts", slot.name);
  auto& machine = machines_[static_cast<std::size_t>(slot.machine)];
  slot.life = std::make_unique<Life>(Surroundings{plan_, machine, broker_, clock_, dice_, diary_, mutation_},
                                     slot.name);
  slot.life->mount().blocks = [this] { aside(); };
  slot.life->member().forgets_waiting = mutation_ != nullptr && mutation_->what == Mutation::restamped;
  slot.assignments = 0;
}

void World::kill(Slot& slot, const char* how) {
  if (!slot.life || slot.life->dead()) return;
  diary_.write("{} {}", slot.name, how);
  slot.life->die();
}

void World::lose_power(int machine) {
  diary_.write("machine {} loses power", machine);
  ++result_.power_losses;
  for (auto& slot : slots_)
    if (slot.machine == machine) kill(slot, "is gone");
  machines_[static_cast<std::size_t>(machine)].lose_power();
}

void World::expel_if_still_away(Slot& slot) {
  const auto* life = slot.life.get();
  const int client = life->member().number();
  const int since = life->member().reachable_since();
  agenda_.in(Broker::session_timeout, [this, &slot, life, client, since] {
    const bool same = slot.life.get() == life && !life->dead() && life->member().number() == client;
    if (same && life->member().reachable_since() == since) broker_.expel(client);
  });
}

void World::pause(Slot& slot) {
  if (!slot.life || slot.life->dead() || slot.paused || !slot.life->member().reachable()) return;
  slot.paused = true;
  cut_off(slot);
}

void World::cut_off(Slot& slot) {
  if (!slot.life || slot.life->dead() || !slot.life->member().reachable()) return;
  diary_.write("{} {}", slot.name, slot.paused ? "stands still" : "has no network");
  slot.life->member().reach(false);
  expel_if_still_away(slot);
  const int client = slot.life->member().number();
  agenda_.in(dice_.time(100ms, 15s), [this, &slot, client] {
    if (!slot.life || slot.life->dead() || slot.life->member().number() != client) return;
    diary_.write("{} goes on", slot.name);
    slot.paused = false;
    slot.life->member().reach(true);
  });
}

void World::fill_disk() {
  auto& machine = machines_[dice_.below(machines_.size())];
  machine.room = dice_.below(600);
  diary_.write("a disk has {} bytes left", machine.room);
  agenda_.in(dice_.time(10ms, 20s), [&machine] { machine.room = Machine::plenty; });
}

void World::stop(Slot& slot) {
  if (!slot.life || slot.life->dead() || slot.life->ended() || slot.stopping) return;
  diary_.write("{} is told to end", slot.name);
  slot.stopping = true;
  slot.life->stop();
}

void World::stop_all_for_operator() {
  if (operator_waits_) return;
  operator_waits_ = true;
  for (auto& slot : slots_) {
    if (dice_.chance(5'000))
      kill(slot, "is killed");
    else
      stop(slot);
  }
}

// As soon as nobody is in the group.
void World::operate() {
  const bool alone = std::ranges::none_of(slots_, [](const Slot& slot) { return slot.life != nullptr; });
  if (!alone || broker_.has_members()) return;
  for (const auto& [partition, topic] : broker_.topics)
    if (dice_.chance(7'000)) broker_.move(partition, dice_.between(0, topic.high));
  operator_waits_ = false;
  for (auto& slot : slots_) start_later(slot);
}

void World::produce() {
  for (const auto& [partition, topic] : broker_.topics)
    if (dice_.chance(5'000)) broker_.produce(partition, static_cast<int>(dice_.between(1, 10)));
}

// ---- the end

void World::mend() {
  if (mended_) return;
  mended_ = true;
  diary_.write("from here on all is well");
  plan_.commits = {};
  plan_.disk = {};
  plan_.aside = 0;
  broker_.faults = {};
  agenda_.in(30s, [this] { quiet_ = true; });
  for (auto& machine : machines_) machine.room = Machine::plenty;
  for (auto& slot : slots_) {
    if (!slot.life || slot.life->dead()) continue;
    slot.life->mount().faults = {};
    slot.paused = false;
    slot.life->member().reach(true);
  }
}

bool World::all_are_there() const {
  return std::ranges::all_of(slots_, [](const Slot& slot) {
    if (!slot.life || slot.life->dead() || slot.life->ended() || slot.stopping) return false;
    const auto& member = slot.life->member();
    return member.settled_in() && member.assignments() > slot.assignments && !member.committing();
  });
}

bool World::all_is_delivered() const {
  return std::ranges::all_of(stands(false), [this](const Stand& stand) {
    auto offset = stand.next;
    while (offset < broker_.topics.at({"t", stand.partition}).high && !has_record(offset)) ++offset;
    return offset >= broker_.topics.at({"t", stand.partition}).high;
  });
}

// One more rebalance, so that each one settles what it left in doubt; then all must come to an end.
void World::finish() {
  if (finishing_ || operator_waits_ || !quiet_ || !all_are_there()) return;
  if (!asked_again_) {
    asked_again_ = true;
    for (auto& slot : slots_) slot.assignments = slot.life->member().assignments();
    // Each partition has something to commit, for a late commit may have set it back.
    for (const auto& [partition, topic] : broker_.topics) broker_.produce(partition, 3);
    broker_.begin_rebalance();
  } else if (all_is_delivered()) {
    finishing_ = true;
    for (auto& slot : slots_) stop(slot);
  }
}

// ---- the oracle

std::vector<Stand> World::stands(bool to_the_end) const {
  std::vector<Stand> result;
  for (const auto& [partition, topic] : broker_.topics) {
    const auto found = broker_.committed().find(partition);
    const auto next = found == broker_.committed().end() ? topic.base : found->second.next;
    result.push_back({partition.number, topic.move, topic.base, to_the_end ? topic.high : next});
  }
  return result;
}

Files World::files(int sink, bool durable) const {
  Files result;
  const auto part = "/sink" + std::to_string(sink) + "/";
  for (std::size_t i = 0; i < machines_.size(); ++i)
    for (auto& [path, bytes] : machines_[i].files(durable))
      if (path.find(part) != std::string::npos) result.emplace(path, bytes);
  return result;
}

void World::observe() {
  auto versions = broker_.version();
  for (auto& machine : machines_) {
    versions += machine.version();
    for (const auto& path : machine.grown())
      if (path.find("/sink") != std::string::npos)
        if (const auto* bytes = machine.bytes(path)) breach(in_order(path, *bytes));
  }
  if (std::exchange(seen_, versions) == versions) return;
  for (int sink = 0; sink < plan_.sinks; ++sink)
    breach(committed_is_durable(stands(false), files(sink, true)));
}

Breach World::at_end() {
  for (int sink = 0; sink < plan_.sinks; ++sink)
    if (auto found = exactly_once(stands(true), files(sink, false))) return found;
  return std::nullopt;
}

void World::breach(Breach found) {
  if (!found || result_.trouble()) return;
  diary_.write("BREACH: {}", *found);
  result_.breach = std::move(found);
}

void World::fail(std::string text) {
  if (result_.trouble()) return;
  diary_.write("FAILURE: {}", text);
  result_.failure = std::move(text);
}

}  // namespace runnel::sim
