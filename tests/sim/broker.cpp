#include "broker.hpp"

#include <algorithm>
#include <utility>

namespace runnel::sim {

using namespace std::chrono_literals;

namespace {

constexpr int rebalance_in_progress = 27;
constexpr int illegal_generation = 22;
constexpr int unknown_member = 25;
constexpr int not_coordinator = 16;

std::string list(const std::set<Partition>& partitions) {
  std::string text;
  for (const auto& partition : partitions) text += ' ' + std::to_string(partition.number);
  return text.empty() ? " nothing" : text;
}

}  // namespace

template <class Call>
void Broker::tell(int client, Call call) {
  agenda_.in(latency(), [this, client, call] {
    const auto found = clients_.find(client);
    if (found != clients_.end()) call(*found->second);
  });
}

void Broker::produce(const Partition& partition, int count) {
  topics[partition].high += count;
  for (const auto& [number, client] : clients_) client->more_to_read();
}

int Broker::connect(Client* client) {
  clients_[++last_client_] = client;
  return last_client_;
}

void Broker::begin_rebalance() {
  if (state_ == State::preparing) return;
  state_ = State::preparing;
  const int round = ++round_;
  for (auto& [number, seat] : seats_) {
    seat.joined = false;
    // By the answer to the next heartbeat.
    const auto wait = dice_.time(1ms, 500ms);
    agenda_.in(wait, [this, client = seat.client, round] {
      tell(client, [round](Client& to) { to.rebalance_begun(round); });
    });
  }
  agenda_.in(rebalance_timeout, [this, round] {
    if (round == round_ && state_ == State::preparing) complete();
  });
}

void Broker::join(int client, int seat, bool fresh, std::set<Partition> has) {
  agenda_.in(latency(),
             [this, client, seat, fresh, has = std::move(has)] { joined(client, seat, fresh, has); });
}

void Broker::joined(int client, int number, bool fresh, const std::set<Partition>& has) {
  if (!clients_.contains(client)) return;
  if (!fresh && !seats_.contains(number))  // it was expelled meanwhile
    return tell(client, [number](Client& to) { to.expelled(number); });
  if (state_ != State::preparing) begin_rebalance();
  seats_[number] = {client, true, has};
  diary_.write("client {} joins with seat {}", client, number);
  try_complete();
}

void Broker::try_complete() {
  const auto all_joined = [this] {
    return std::ranges::all_of(seats_, [](const auto& each) { return each.second.joined; });
  };
  if (state_ != State::preparing || !all_joined()) return;
  const int round = round_;
  agenda_.in(dice_.time(1ms, 300ms), [this, round, all_joined] {
    if (round == round_ && state_ == State::preparing && all_joined()) complete();
  });
}

void Broker::complete() {
  std::erase_if(seats_, [](const auto& each) { return !each.second.joined; });
  ++generation_;
  state_ = State::completing;
  const int round = round_;
  const auto shares = share_out();
  agenda_.in(latency(), [this, round] {
    if (round == round_ && state_ == State::completing) state_ = State::stable;
  });
  for (auto& [number, seat] : seats_) {
    const auto& all = shares.at(number);
    diary_.write("generation {}: seat {} has{}", generation_, number, list(all));
    const int generation = generation_;
    agenda_.in(latency(), [this, round, generation, number = number, client = seat.client, all] {
      tell(client, [this, round, generation, number, all](Client& to) {
        if (!seats_.contains(number)) return;
        if (round == round_)
          to.assigned(round, generation, all);
        else
          to.join_is_void(round_);
      });
    });
  }
}

// By lot. With the cooperative protocol what somebody still has is withheld from others until he gave it
// back.
std::map<int, std::set<Partition>> Broker::share_out() {
  std::map<int, std::set<Partition>> shares;
  std::vector<int> takers;
  for (const auto& [number, seat] : seats_) {
    shares[number];
    takers.push_back(number);
  }
  if (takers.empty()) return shares;
  const bool settled = cooperative && dice_.chance(5'000);  // who has it keeps it
  auto at = dice_.below(takers.size());
  for (const auto& [partition, topic] : topics) {
    const auto has = [&](int number) { return cooperative && seats_.at(number).has.contains(partition); };
    const auto owner = std::ranges::find_if(takers, has);
    const int taker = takers[at++ % takers.size()];
    if (owner == takers.end())
      shares[taker].insert(partition);
    else if (settled || *owner == taker)
      shares[*owner].insert(partition);
  }
  return shares;
}

void Broker::leave(int, int seat) {
  agenda_.in(latency(), [this, seat] {
    if (seats_.erase(seat) == 0) return;
    diary_.write("seat {} is left", seat);
    if (state_ == State::preparing)
      try_complete();
    else
      begin_rebalance();
  });
}

void Broker::expel(int client) {
  const auto found =
      std::ranges::find_if(seats_, [client](const auto& each) { return each.second.client == client; });
  if (found == seats_.end()) return;
  const int number = found->first;
  diary_.write("seat {} of client {} is expelled", number, client);
  seats_.erase(found);
  agenda_.in(dice_.time(10ms, 3s),
             [this, client, number] { tell(client, [number](Client& to) { to.expelled(number); }); });
  if (state_ == State::preparing)
    try_complete();
  else
    begin_rebalance();
}

bool Broker::move(const Partition& partition, std::int64_t next) {
  if (has_members()) return false;
  diary_.write("an operator moves {} to {}", partition.number, next);
  auto& topic = topics[partition];
  ++topic.move;
  topic.base = next;
  committed_[partition] = {next, ""};
  ++version_;
  return true;
}

void Broker::commit(Request request) {
  if (dice_.chance(faults.lost)) return diary_.write("the commit {} is lost", request.number);
  if (dice_.chance(faults.refused))
    return tell(request.client,
                [number = request.number](Client& to) { to.answered(number, not_coordinator); });
  const bool late = dice_.chance(faults.late);
  const bool answers = !late && !dice_.chance(faults.mute);
  const auto way = late ? dice_.time(1s, 20s) : latency();
  agenda_.in(way, [this, answers, request = std::move(request)] { arrived(request, answers); });
}

int Broker::judge(const Request& request) const {
  const auto seat = seats_.find(request.seat);
  if (takes_any_generation) return 0;
  if (seat == seats_.end()) return unknown_member;
  if (request.generation != generation_) return illegal_generation;
  return state_ == State::completing ? rebalance_in_progress : 0;
}

void Broker::arrived(const Request& request, bool answers) {
  const int code = judge(request);
  std::string text;
  for (const auto& [partition, commit] : request.commits) {
    text += fmt::format(" {}={} ({})", partition.number, commit.next, commit.metadata);
    if (code == 0) committed_[partition] = {commit.next, commit.metadata};
  }
  if (code == 0) ++version_;
  diary_.write("commit {} of client {}: {}{}", request.number, request.client,
               code == 0 ? "applied" : "refused by code " + std::to_string(code), text);
  if (answers)
    tell(request.client, [number = request.number, code](Client& to) { to.answered(number, code); });
}

}  // namespace runnel::sim
