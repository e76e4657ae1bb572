#pragma once

#include "disk.hpp"
#include "member.hpp"
#include "mutations.hpp"
#include "plan.hpp"

#include <runnel/flow/flow.hpp>
#include <runnel/sinks/descriptors.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>

#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string>

namespace runnel::sim {

/// What a life is made with.
struct Surroundings {
  const Plan& plan;
  Machine& machine;
  Broker& broker;
  tests::SimulatedClock& clock;
  Dice& dice;
  Diary& diary;
  const Mutation* mutation = nullptr;
};

/// One life of runneld as far as a record goes: the flow, the ledger and the file sink as they ship, on one
/// thread.
///
/// It moves by step() alone: a handler of its loop, or a call of its workers. Once dead, nothing that it
/// still does has any effect; it is to be buried before it is destroyed. Lifetime: the surroundings outlive
/// it.
class Life {
 public:
  Life(const Surroundings& around, std::string name);
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  /// False: it has nothing to do.
  bool step();

  void stop() { flow_->stop(); }

  /// It is gone at once: its locks, its connections, and every effect of what it still does.
  void die();

  /// Ends what is left of it, when none of its calls is under way.
  void bury();

  bool dead() const { return mount_.dead(); }
  bool ended() const { return ended_; }
  bool inside_call() const;  // a call of a worker is under way and lets others run

  /// How it ended by itself; an exception: the sentence that it gave up with.
  const std::optional<flow::FlowEnd>& end() const { return end_; }
  std::optional<std::string> failure() const;

  Member& member() { return *member_; }
  const Member& member() const { return *member_; }
  Mount& mount() { return mount_; }
  const std::string& name() const { return name_; }

 private:
  async::awaitable<void> live();
  bool run_worker();
  async::asio::any_io_executor new_worker();

  struct Worker {
    async::asio::io_context calls;
    bool inside = false;
  };

  const std::string name_;
  Dice& dice_;
  async::asio::io_context loop_;
  std::deque<Worker> workers_;
  Mount mount_;
  Parts parts_;
  sinks::Descriptors descriptors_;
  Member* member_ = nullptr;  // the flow's source
  std::unique_ptr<flow::Flow> flow_;
  async::asio::cancellation_signal cancel_;
  bool ended_ = false;
  std::exception_ptr failure_;
  std::optional<flow::FlowEnd> end_;
};

}  // namespace runnel::sim
