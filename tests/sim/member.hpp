#pragma once

#include "broker.hpp"

#include <runnel/async/condition.hpp>
#include <runnel/flow/source.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace runnel::sim {

/// The source of one process: what librdkafka makes of the group, as lib/kafka shows it to a flow.
///
/// A change of assignment arrives only when the one before was answered. With a join out, a commit is held
/// back until the change that ends it has arrived: with a revoke it is sent, with anything else it never is.
/// A commit without a connection waits, and is sent in the name of the generation that is known then. What
/// has no answer after a time is answered by -185.
class Member final : public flow::Source, public Client {
 public:
  Member(Broker& broker, Dice& dice, tests::SimulatedClock& clock, Diary& diary,
         const async::asio::any_io_executor& loop);
  ~Member() override { die(); }

  // ---- what the world does

  /// False: no message comes or goes; those that come wait.
  void reach(bool reachable);
  void die();
  int number() const { return number_; }
  int reachable_since() const { return links_; }  // a number that changes whenever the connection does
  bool reachable() const { return reachable_; }
  bool settled_in() const { return assignments_ > 0 && !change_ && coming_.empty() && !join_out_; }
  int assignments() const { return assignments_; }  // answered

  /// A mutation: after a loss a commit that waits inside is answered, and sent all the same.
  bool forgets_waiting = false;

  // ---- flow::Source

  void join() override;
  async::awaitable<flow::Event> next(bool records, flow::time_point until) override;
  void wake() override;
  void on_change(std::function<void()> call) override { on_change_ = std::move(call); }
  async::awaitable<std::optional<flow::LookedUp>> look_up(const std::vector<Partition>& partitions,
                                                          bool siblings,
                                                          const std::set<Partition>& others) override;
  std::int64_t end_of(const Partition& partition) const override { return broker_.topics.at(partition).high; }
  void assign(const delivery::Positions& begin) override;
  void unassign() override;
  void rewind(const delivery::Positions& positions) override;
  void commit(delivery::Commits commits) override;
  bool committing() const override { return held_ || out_; }
  void leave() override;
  bool closed() const override { return closed_; }
  async::awaitable<void> dispose() override { co_return; }

  // ---- Client

  void rebalance_begun(int round) override;
  void join_is_void(int round) override;
  void assigned(int round, int generation, const std::set<Partition>& all) override;
  void expelled(int seat) override;
  void answered(std::uint64_t request, int code) override;
  void more_to_read() override { changed_.notify(); }

 private:
  struct Rejoin {};
  using Change = std::variant<flow::Assigned, flow::Revoked, Rejoin>;
  struct Out {
    std::uint64_t number = 0;
    flow::time_point due;                     // then it is answered by -185
    std::optional<delivery::Commits> unsent;  // no connection yet
  };

  flow::time_point now() const { return clock_.now(); }
  std::optional<flow::Event> take(bool records);
  std::optional<flow::Event> read();
  flow::LookedUp ask(const std::vector<Partition>& partitions, const std::set<Partition>& others) const;
  bool waits_for_connection(std::function<void()> message);
  void go_on();  // with the next change, if none is unanswered
  void arrive(Change change);
  void rejoin(int round);
  void send_join();
  void transmit(delivery::Commits commits);
  void send(delivery::Commits commits);
  void change_answered();
  void leave_if_quiet();

  Broker& broker_;
  Dice& dice_;
  tests::SimulatedClock& clock_;
  Diary& diary_;
  async::asio::any_io_executor loop_;
  async::Condition changed_;
  std::function<void()> on_change_ = [] {};
  const int number_;  // as a client
  bool dead_ = false;
  int seat_ = 0;
  int generation_ = -1;
  int round_ = 0;
  int links_ = 0;
  int assignments_ = 0;
  bool reachable_ = true;
  std::vector<std::function<void()>> inbox_;  // came while it could not be reached
  std::set<Partition> owned_;
  std::deque<Change> coming_;
  std::optional<Change> change_;  // has arrived and is not answered
  bool taken_ = false;            // next() gave it
  bool join_out_ = false;
  std::optional<delivery::Commits> held_;
  std::optional<Out> out_;
  std::uint64_t last_request_ = 0;
  std::optional<delivery::Commits> forgotten_;  // forgets_waiting
  std::deque<flow::Answer> answers_;
  delivery::Positions fetch_;
  bool woken_ = false;
  bool leave_wanted_ = false;
  bool leaving_ = false;
  bool closed_ = false;
};

}  // namespace runnel::sim
