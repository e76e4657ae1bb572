#pragma once

#include "agenda.hpp"
#include "diary.hpp"
#include "dice.hpp"

#include <runnel/delivery/record.hpp>
#include <runnel/flow/source.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace runnel::sim {

using delivery::Partition;

/// How likely each is for a commit, in 10,000; what is left is answered soon and truly.
struct CommitFaults {
  int lost = 0;     // the request: never applied, never answered
  int mute = 0;     // applied, never answered
  int late = 0;     // applied after its sender has given up waiting
  int refused = 0;  // for a reason that says nothing about the group: not applied, answered
};

/// A client of the group, as the coordinator sees it. Calls come when a message has arrived.
class Client {
 public:
  virtual ~Client() = default;

  virtual void rebalance_begun(int round) = 0;
  virtual void join_is_void(int round) = 0;  // it was overtaken by another rebalance: join again
  virtual void assigned(int round, int generation, const std::set<Partition>& all) = 0;
  virtual void expelled(int seat) = 0;
  virtual void answered(std::uint64_t request, int code) = 0;
  virtual void more_to_read() = 0;
};

/// A topic and the coordinator of one consumer group, with what a network does to requests: several clients
/// join, leave, and are expelled; each commit is checked against its seat and its generation when it arrives,
/// and applied wholly or not at all.
///
/// Clients are known by a number; to one that is gone nothing arrives. Lifetime: outlives its clients and the
/// agenda's use. Thread: the simulation's only.
class Broker {
 public:
  struct Committed {
    std::int64_t next = 0;
    std::string metadata;
  };
  struct Topic {
    std::int64_t high = 0;
    int move = 0;           // how often an operator has moved the position
    std::int64_t base = 0;  // where he last moved it to
  };
  struct Request {
    int client = 0;
    std::uint64_t number = 0;
    int seat = 0;
    int generation = 0;
    delivery::Commits commits;
  };
  static constexpr auto session_timeout = std::chrono::seconds(6);
  static constexpr auto rebalance_timeout = std::chrono::seconds(30);

  Broker(Dice& dice, Agenda& agenda, Diary& diary) : dice_(dice), agenda_(agenda), diary_(diary) {}

  // ---- what the world does

  bool cooperative = false;
  bool takes_any_generation = false;  // a mutation: no broker does
  CommitFaults faults;
  std::map<Partition, Topic> topics;

  void produce(const Partition& partition, int count);
  void begin_rebalance();

  /// The client's session ends: its seat is free, and it hears of that later.
  void expel(int client);

  /// An operator moves the position of a group without members. False: it has some.
  bool move(const Partition& partition, std::int64_t next);

  // ---- what is seen

  const std::map<Partition, Committed>& committed() const { return committed_; }
  std::uint64_t version() const { return version_; }  // rises with each change of what is committed
  bool has_members() const { return !seats_.empty(); }
  int round() const { return round_; }

  // ---- requests of clients, on their way from now on

  int connect(Client* client);
  void disconnect(int client) { clients_.erase(client); }
  int new_seat() { return ++last_seat_; }
  void join(int client, int seat, bool fresh, std::set<Partition> has);  // what it keeps meanwhile
  void leave(int client, int seat);
  void commit(Request request);

 private:
  enum class State { stable, preparing, completing };
  struct Seat {
    int client = 0;
    bool joined = false;
    std::set<Partition> has;  // that it keeps while it joins
  };

  template <class Call>
  void tell(int client, Call call);
  std::chrono::nanoseconds latency() {
    return dice_.time(std::chrono::microseconds(200), std::chrono::milliseconds(40));
  }
  void joined(int client, int seat, bool fresh, const std::set<Partition>& has);
  void try_complete();
  void complete();
  std::map<int, std::set<Partition>> share_out();
  int judge(const Request& request) const;
  void arrived(const Request& request, bool answers);

  Dice& dice_;
  Agenda& agenda_;
  Diary& diary_;
  State state_ = State::stable;
  int round_ = 0;
  int generation_ = 0;
  int last_client_ = 0;
  int last_seat_ = 0;
  std::uint64_t version_ = 0;
  std::map<int, Client*> clients_;
  std::map<int, Seat> seats_;
  std::map<Partition, Committed> committed_;
};

}  // namespace runnel::sim
