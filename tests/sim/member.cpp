#include "member.hpp"

#include "support/records.hpp"
#include "texts.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace runnel::sim {

using namespace std::chrono_literals;

namespace {

constexpr auto request_timeout = 4s;
constexpr int timed_out = -185;
constexpr int assignment_lost = -142;
constexpr int never_sent = -152;

std::vector<Partition> to_vector(const std::set<Partition>& partitions) {
  return {partitions.begin(), partitions.end()};
}

std::set<Partition> difference(const std::set<Partition>& of, const std::set<Partition>& without) {
  std::set<Partition> result;
  for (const auto& partition : of)
    if (!without.contains(partition)) result.insert(partition);
  return result;
}

}  // namespace

Member::Member(Broker& broker, Dice& dice, tests::SimulatedClock& clock, Diary& diary,
               const async::asio::any_io_executor& loop)
    : broker_(broker),
      dice_(dice),
      clock_(clock),
      diary_(diary),
      loop_(loop),
      changed_(loop),
      number_(broker.connect(this)) {}

void Member::die() {
  dead_ = true;
  broker_.disconnect(number_);
}

void Member::reach(bool reachable) {
  if (reachable == reachable_) return;
  reachable_ = reachable;
  ++links_;
  if (!reachable) return;
  for (const auto& message : std::exchange(inbox_, {})) message();
  if (out_ && out_->unsent) send(*std::exchange(out_->unsent, std::nullopt));
  changed_.notify();
}

// To and fro, in order.
bool Member::waits_for_connection(std::function<void()> message) {
  if (reachable_) return false;
  inbox_.push_back(std::move(message));
  return true;
}

void Member::join() {
  coming_.emplace_back(Rejoin());
  go_on();
}

void Member::send_join() {
  const bool fresh = seat_ == 0;
  if (fresh) seat_ = broker_.new_seat();
  join_out_ = true;
  const auto keeps = broker_.cooperative ? owned_ : std::set<Partition>();
  auto message = [this, fresh, keeps, seat = seat_] {
    if (!dead_) broker_.join(number_, seat, fresh, keeps);
  };
  if (!waits_for_connection(message)) message();
}

void Member::rebalance_begun(int round) {
  if (waits_for_connection([this, round] { rebalance_begun(round); })) return;
  if (round > round_ && !join_out_) rejoin(round);
}

void Member::join_is_void(int round) {
  if (waits_for_connection([this, round] { join_is_void(round); })) return;
  if (!join_out_) return;
  join_out_ = false;
  rejoin(round);
  leave_if_quiet();
}

void Member::rejoin(int round) {
  if (leaving_ || seat_ == 0) return;
  round_ = round;
  const bool queued = std::ranges::any_of(
      coming_, [](const Change& change) { return std::holds_alternative<Rejoin>(change); });
  if (!queued) coming_.emplace_back(Rejoin());
  go_on();
}

void Member::assigned(int round, int generation, const std::set<Partition>& all) {
  if (waits_for_connection([this, round, generation, all] { assigned(round, generation, all); })) return;
  if (round < round_ || leaving_ || seat_ == 0) return;
  round_ = round;
  generation_ = generation;
  const auto gone = broker_.cooperative ? difference(owned_, all) : std::set<Partition>();
  const auto added = broker_.cooperative ? difference(all, owned_) : all;
  if (!gone.empty()) coming_.emplace_back(flow::Revoked{to_vector(gone), false});
  if (gone.empty() || !added.empty()) coming_.emplace_back(flow::Assigned{to_vector(added), !gone.empty()});
  if (!gone.empty()) coming_.emplace_back(Rejoin());
  go_on();
}

void Member::expelled(int seat) {
  if (waits_for_connection([this, seat] { expelled(seat); })) return;
  if (seat != seat_) return;
  seat_ = 0;
  generation_ = -1;
  join_out_ = false;
  coming_.clear();
  coming_.emplace_back(Rejoin());
  go_on();
  leave_if_quiet();
}

void Member::go_on() {
  while (!change_ && !coming_.empty() && !leaving_) {
    if (!std::holds_alternative<Rejoin>(coming_.front())) {
      auto change = std::move(coming_.front());
      coming_.pop_front();
      arrive(std::move(change));
    } else if (!owned_.empty() && (!broker_.cooperative || seat_ == 0)) {
      arrive(flow::Revoked{to_vector(owned_), seat_ == 0});  // and then the join
    } else {
      coming_.pop_front();
      send_join();
    }
  }
}

void Member::arrive(Change change) {
  const auto* revoked = std::get_if<flow::Revoked>(&change);
  const bool lost = revoked != nullptr && revoked->lost;
  diary_.write("client {}: {}", number_,
               lost                 ? "has lost all"
               : revoked != nullptr ? "is to give up some"
                                    : "is assigned some");
  change_ = std::move(change);
  taken_ = false;
  join_out_ = false;
  if (held_ && lost)
    answers_.push_back({assignment_lost, "lost before it was sent"});
  else if (held_ && revoked != nullptr)
    transmit(*held_);
  if (revoked != nullptr) held_.reset();
  if (lost && forgets_waiting && out_ && out_->unsent) {
    forgotten_ = out_->unsent;
    answers_.push_back({assignment_lost, "said to be never sent"});
    out_.reset();
  }
  if (revoked == nullptr && forgotten_)
    broker_.commit({number_, ++last_request_, seat_, generation_, *std::exchange(forgotten_, std::nullopt)});
  on_change_();
  changed_.notify();
}

void Member::change_answered() {
  change_.reset();
  taken_ = false;
  if (leaving_) {
    closed_ = true;
    if (seat_ != 0 && reachable_ && !dead_) broker_.leave(number_, seat_);
    changed_.notify();
    return;
  }
  go_on();
  leave_if_quiet();
}

void Member::assign(const delivery::Positions& begin) {
  const auto* change = change_ && taken_ ? std::get_if<flow::Assigned>(&*change_) : nullptr;
  if (change == nullptr) throw std::logic_error("assign() answers nothing");
  if (!broker_.cooperative) owned_.clear(), fetch_.clear();
  owned_.insert(change->partitions.begin(), change->partitions.end());
  for (const auto& [partition, next] : begin) fetch_[partition] = next;
  ++assignments_;
  change_answered();
}

void Member::unassign() {
  const auto* change = change_ && taken_ ? std::get_if<flow::Revoked>(&*change_) : nullptr;
  if (change == nullptr) throw std::logic_error("unassign() answers nothing");
  for (const auto& partition : change->partitions) {
    owned_.erase(partition);
    fetch_.erase(partition);
  }
  change_answered();
}

void Member::rewind(const delivery::Positions& positions) {
  for (const auto& [partition, next] : positions) {
    if (!owned_.contains(partition)) throw std::logic_error("rewinds what is not its own");
    fetch_[partition] = next;
  }
}

void Member::commit(delivery::Commits commits) {
  if (committing()) throw std::logic_error("a commit while another is out");
  if (commits.empty()) throw std::logic_error("a commit of nothing");
  if (join_out_ || (change_ && !taken_ && std::holds_alternative<flow::Assigned>(*change_)))
    held_ = std::move(commits);
  else
    transmit(std::move(commits));
}

void Member::transmit(delivery::Commits commits) {
  out_ = Out{++last_request_, now() + request_timeout, std::nullopt};
  if (reachable_)
    send(std::move(commits));
  else
    out_->unsent = std::move(commits);
}

void Member::send(delivery::Commits commits) {
  if (!dead_) broker_.commit({number_, out_->number, seat_, generation_, std::move(commits)});
}

void Member::answered(std::uint64_t request, int code) {
  if (waits_for_connection([this, request, code] { answered(request, code); })) return;
  if (!out_ || out_->number != request) return;
  out_.reset();
  answers_.push_back({code, code == 0 ? "" : "code " + std::to_string(code)});
  changed_.notify();
}

void Member::wake() {
  woken_ = true;
  changed_.notify();
}

void Member::leave() {
  leave_wanted_ = true;
  leave_if_quiet();
}

// Never on top of a change that is not answered, and not while a join is out.
void Member::leave_if_quiet() {
  if (!leave_wanted_ || leaving_ || change_ || join_out_) return;
  leaving_ = true;
  coming_.clear();
  if (owned_.empty())
    change_answered();
  else
    arrive(flow::Revoked{to_vector(owned_), seat_ == 0});
}

async::awaitable<flow::Event> Member::next(bool records, flow::time_point until) {
  const auto last = std::min(until, now() + flow::longest_silence);
  for (;;) {
    co_await async::asio::post(loop_, async::asio::use_awaitable);
    auto event = take(records);
    if (event) co_return std::move(*event);
    if (std::exchange(woken_, false) || closed_ || now() >= last) co_return flow::Nothing();
    const auto due = out_ ? std::min(last, out_->due) : last;
    co_await clock_.wait(changed_, due);
  }
}

// Nothing waits between taking an event and handing it over.
std::optional<flow::Event> Member::take(bool records) {
  if (out_ && now() >= out_->due) {
    out_.reset();
    answers_.push_back({timed_out, "no answer"});
  }
  if (!answers_.empty()) {
    flow::Event answer = answers_.front();
    answers_.pop_front();
    return answer;
  }
  if (change_ && !taken_) {
    taken_ = true;
    if (const auto* assigned = std::get_if<flow::Assigned>(&*change_)) {
      if (std::exchange(held_, std::nullopt)) answers_.push_back({never_sent, "it lacks what is new"});
      return *assigned;
    }
    return std::get<flow::Revoked>(*change_);
  }
  if (!records || !reachable_) return std::nullopt;
  return read();
}

std::optional<flow::Event> Member::read() {
  tests::Records records;
  std::size_t bytes = 0;
  for (auto& [partition, next] : fetch_) {
    const auto& topic = broker_.topics.at(partition);
    records.in(partition.topic, partition.number);
    for (auto left = 1 + dice_.below(8); left > 0 && next < topic.high; ++next) {
      if (!has_record(next)) continue;
      const auto text = to_text({partition.number, next, topic.move});
      records.at(next).add(text, std::nullopt, 1'700'000'000'000 + next / 7 % 2 * 60'000);
      bytes += text.size();
      --left;
    }
  }
  auto batch = records.take();
  if (batch.records.empty()) return std::nullopt;
  batch.bytes = bytes;
  return batch;
}

async::awaitable<std::optional<flow::LookedUp>> Member::look_up(const std::vector<Partition>& partitions,
                                                                bool, const std::set<Partition>& others) {
  const bool at_once = dice_.chance(5'000);
  const auto wait = dice_.chance(500) ? dice_.time(1s, 3s) : dice_.time(1ms, 50ms);
  co_await async::asio::post(loop_, async::asio::use_awaitable);
  const auto done = now() + wait;
  auto result = ask(partitions, others);
  while (now() < done && !woken_) co_await clock_.wait(changed_, done);
  if (std::exchange(woken_, false)) co_return std::nullopt;
  if (!reachable_) throw std::runtime_error("no broker answers");
  if (!at_once) result = ask(partitions, others);
  co_return result;
}

flow::LookedUp Member::ask(const std::vector<Partition>& partitions,
                           const std::set<Partition>& others) const {
  flow::LookedUp result{"cluster", {}};
  for (const auto& [partition, topic] : broker_.topics) {
    if (std::ranges::find(partitions, partition) == partitions.end() && !others.contains(partition)) continue;
    auto& known = result.known.emplace_back();
    known.partition = partition;
    known.high = topic.high;
    const auto committed = broker_.committed().find(partition);
    if (committed == broker_.committed().end()) continue;
    known.committed = committed->second.next;
    known.metadata = committed->second.metadata;
  }
  return result;
}

}  // namespace runnel::sim
