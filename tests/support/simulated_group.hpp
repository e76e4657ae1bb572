#pragma once

#include "support/records.hpp"

#include <runnel/flow/source.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace runnel::tests {

/// Topics and one consumer group of a simulated Kafka, as librdkafka shows them to one member at a time.
///
/// The log and the committed positions survive the member. The test plays the coordinator: it gives and takes
/// partitions, and says what comes of each commit. Kept to what librdkafka was seen to do: a change arrives
/// only when the one before was answered; one commit at a time; with a join out, commits and leaving wait for
/// the change that ends it; a new generation refuses what an old one still had under way. Every call of a
/// member that can wait does, once before it does something, so a cancellation may come at each.
///
/// Lifetime: outlives its members, dies before the clock. Thread: the loop's only.
class SimulatedGroup {
 public:
  using Partitions = std::vector<delivery::Partition>;
  static constexpr auto never = std::chrono::nanoseconds::max();

  /// What comes of a commit.
  struct Reply {
    enum Applied { with_the_answer, at_once, not_at_all };

    int code = 0;
    std::chrono::nanoseconds after = std::chrono::milliseconds(5);  // or never
    Applied applied = with_the_answer;
  };

  struct Log {
    std::int64_t low = 0;
    std::int64_t high = 0;
    std::set<std::int64_t> records;  // offsets; not every one has a record
  };

  explicit SimulatedGroup(flow::Clock& clock) : clock_(clock) {}
  SimulatedGroup(const SimulatedGroup&) = delete;
  SimulatedGroup& operator=(const SimulatedGroup&) = delete;

  // ---- the log

  std::map<delivery::Partition, Log> logs;

  void produce(const delivery::Partition& partition, int count) {
    auto& log = logs[partition];
    for (int i = 0; i < count; ++i) log.records.insert(log.high++);
    wake_member();
  }
  /// Compaction, or a transaction's marker: offsets without a record.
  void skip(const delivery::Partition& partition, int count) { logs[partition].high += count; }
  /// Retention.
  void delete_before(const delivery::Partition& partition, std::int64_t offset) {
    auto& log = logs[partition];
    log.low = offset;
    log.records.erase(log.records.begin(), log.records.lower_bound(offset));
  }
  /// The topic is deleted and made anew, empty.
  void make_anew(const delivery::Partition& partition) { logs[partition] = {}; }

  // ---- what the test tells the group to do

  bool cooperative = false;
  std::size_t batch = 3;          // records of one partition in one read
  std::size_t record_bytes = 10;  // of each record's value
  std::deque<Reply> replies;      // to the next commits
  Reply usual;                    // to all others
  int failing_look_ups = 0;       // so many of the next
  std::chrono::nanoseconds look_up_takes{0};
  std::function<void(const delivery::Positions&)> before_apply = [](const auto&) {};

  void assign(Partitions partitions) { change({flow::Assigned{std::move(partitions)}}); }
  /// In the generation of the revoke before, as librdkafka gives what one join took and brought.
  void assign_beside_revoke(Partitions partitions) { change({flow::Assigned{std::move(partitions), true}}); }
  void revoke(Partitions partitions) { change({flow::Revoked{std::move(partitions), false}}); }
  void lose(Partitions partitions) { change({flow::Revoked{std::move(partitions), true}}); }
  /// A JoinGroup request is out from now on, until the next change.
  void begin_join() { join_out_ = true; }

  // ---- what the test sees

  delivery::Positions committed;
  std::map<delivery::Partition, std::string> metadata;  // of what is committed
  std::vector<std::string> diary;                       // what was done, in order; sinks write here too
  std::vector<std::string> breaches;  // of the Source's contract: what would be a bug against librdkafka
  int commits = 0;                    // handed over

  bool reading() const { return reading_; }  // the flow is inside next() and takes records
  const std::set<delivery::Partition>& assigned() const { return assigned_; }

  /// A new life: a member that has no partitions yet. One at a time.
  std::unique_ptr<flow::Source> join(const async::asio::any_io_executor& loop);

 private:
  class Member;
  using Change = std::variant<flow::Assigned, flow::Revoked>;
  struct Commit {
    delivery::Commits commits;
    Reply reply;
    flow::time_point due;
    int generation;
    Member* member;  // null once it is gone
  };

  static std::string text(const delivery::Partition& partition) {
    return partition.topic + std::to_string(partition.number);
  }
  static std::string text(const delivery::Positions& positions) {
    std::string all;
    for (const auto& [partition, next] : positions) all += " " + text(partition) + "=" + std::to_string(next);
    return all;
  }

  void change(Change change) {
    coming_.push_back(std::move(change));
    arrive();
  }
  void arrive();
  void wake_member();
  void forget_member();
  static delivery::Positions positions_of(const delivery::Commits& request) {
    delivery::Positions positions;
    for (const auto& [partition, commit] : request) positions[partition] = commit.next;
    return positions;
  }
  void apply(const delivery::Commits& request) {
    before_apply(positions_of(request));
    for (const auto& [partition, commit] : request) {
      committed[partition] = commit.next;
      metadata[partition] = commit.metadata;
    }
  }
  void send(Member* member, delivery::Commits request);
  void advance();

  flow::Clock& clock_;
  Member* member_ = nullptr;
  std::deque<Change> coming_;
  std::set<delivery::Partition> assigned_;
  std::optional<Commit> out_;
  int generation_ = 0;
  bool join_out_ = false;
  bool reading_ = false;
};

class SimulatedGroup::Member final : public flow::Source {
 public:
  Member(SimulatedGroup& group, const async::asio::any_io_executor& loop)
      : group_(group), loop_(loop), changed_(loop) {}
  ~Member() override { group_.forget_member(); }

  async::awaitable<flow::Event> next(bool records, flow::time_point until) override {
    if (records && change_ && taken_) breach("reads before the change was answered");
    const Reading reading(group_.reading_, records);
    for (;;) {
      co_await async::asio::post(loop_, async::asio::use_awaitable);
      auto event = take(records);
      if (event) co_return std::move(*event);
      if (std::exchange(woken_, false) || closed_ || now() >= until) co_return flow::Nothing();
      const auto due = group_.out_ ? std::min(until, group_.out_->due) : until;
      co_await group_.clock_.wait(changed_, due);
    }
  }

  void join() override {}

  void wake() override {
    woken_ = true;
    changed_.notify();
  }
  void on_change(std::function<void()> call) override { on_change_ = std::move(call); }

  async::awaitable<std::optional<flow::LookedUp>> look_up(
      const Partitions& partitions, bool siblings, const std::set<delivery::Partition>& others) override {
    co_await async::asio::post(loop_, async::asio::use_awaitable);
    const auto done = now() + group_.look_up_takes;
    while (now() < done && !woken_) co_await group_.clock_.wait(changed_, done);
    if (std::exchange(woken_, false)) co_return std::nullopt;
    group_.advance();
    if (group_.failing_look_ups > 0) {
      --group_.failing_look_ups;
      throw std::runtime_error("no broker answers");
    }
    flow::LookedUp result{"cluster", {}};
    for (const auto& [partition, log] : group_.logs) {
      const auto wanted = [&](const auto& other) {
        return siblings ? other.topic == partition.topic : other == partition;
      };
      if (std::ranges::none_of(partitions, wanted) && !others.contains(partition)) continue;
      auto& known = result.known.emplace_back();
      known.partition = partition;
      known.low = log.low;
      known.high = log.high;
      auto position = group_.committed.find(partition);
      if (position == group_.committed.end()) continue;
      known.committed = position->second;
      const auto note = group_.metadata.find(partition);
      if (note != group_.metadata.end()) known.metadata = note->second;
    }
    co_return result;
  }

  std::int64_t end_of(const delivery::Partition& partition) const override {
    auto log = group_.logs.find(partition);
    return log == group_.logs.end() ? 0 : log->second.high;
  }

  void assign(const delivery::Positions& begin) override {
    auto* change = change_ && taken_ ? std::get_if<flow::Assigned>(&*change_) : nullptr;
    if (change == nullptr) return breach("assign() answers nothing");
    write("assign" + text(begin));
    if (!group_.cooperative) group_.assigned_.clear(), fetch_.clear();
    group_.assigned_.insert(change->partitions.begin(), change->partitions.end());
    for (const auto& [partition, next] : begin) fetch_[partition] = next;
    answered();
  }

  void unassign() override {
    auto* change = change_ && taken_ ? std::get_if<flow::Revoked>(&*change_) : nullptr;
    if (change == nullptr) return breach("unassign() answers nothing");
    write("unassign");
    if (!group_.cooperative) group_.assigned_.clear(), fetch_.clear();
    for (const auto& partition : change->partitions) {
      group_.assigned_.erase(partition);
      fetch_.erase(partition);
    }
    answered();
  }

  void rewind(const delivery::Positions& positions) override {
    write("rewind" + text(positions));
    for (const auto& [partition, next] : positions) {
      if (!group_.assigned_.contains(partition)) breach("rewinds what is not its own");
      fetch_[partition] = next;
    }
  }

  void commit(delivery::Commits commits) override {
    if (committing()) breach("a commit while another is out");
    if (commits.empty()) breach("a commit of nothing");
    if (change_ && taken_)
      if (auto* revoked = std::get_if<flow::Revoked>(&*change_))
        if (revoked->lost) breach("a commit of what is lost");
    write("commit" + text(positions_of(commits)));
    ++group_.commits;
    if (group_.join_out_ || (change_ && !taken_ && std::holds_alternative<flow::Assigned>(*change_)))
      held_ = std::move(commits);
    else
      group_.send(this, std::move(commits));
  }
  bool committing() const override {
    group_.advance();
    return held_ || (group_.out_ && group_.out_->member == this);
  }

  void leave() override {
    if (!leave_wanted_) write("leave");
    leave_wanted_ = true;
    leave_if_quiet();
  }
  bool closed() const override { return closed_; }
  async::awaitable<void> dispose() override { co_return; }

 private:
  friend class SimulatedGroup;

  struct Reading {
    Reading(bool& there, bool value) : flag(there) { flag = value; }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading() { flag = false; }
    bool& flag;
  };

  flow::time_point now() const { return group_.clock_.now(); }
  void write(std::string line) { group_.diary.push_back(std::move(line)); }
  void breach(std::string what) { group_.breaches.push_back(std::move(what)); }

  // Nothing waits between taking an event and handing it over.
  std::optional<flow::Event> take(bool records) {
    group_.advance();
    if (!answers_.empty()) {
      flow::Event answer = answers_.front();
      answers_.pop_front();
      write("answer " + std::to_string(std::get<flow::Answer>(answer).code));
      return answer;
    }
    if (change_ && !taken_) {
      taken_ = true;
      if (auto* assigned = std::get_if<flow::Assigned>(&*change_)) {
        if (std::exchange(held_, std::nullopt)) answers_.push_back({-152, "it lacks what is new"});
        return *assigned;
      }
      return std::get<flow::Revoked>(*change_);
    }
    if (!records) return std::nullopt;
    for (auto& [partition, next] : fetch_) {
      const auto& log = group_.logs[partition];
      if (next < log.low || next > log.high)
        return delivery::Gap{partition, std::exchange(next, log.low), log.low};
    }
    return read();
  }

  std::optional<flow::Event> read() {
    Records records;
    std::size_t bytes = 0;
    for (auto& [partition, next] : fetch_) {
      const auto& log = group_.logs[partition].records;
      auto record = log.lower_bound(next);
      if (record == log.end()) continue;
      records.in(partition.topic, partition.number);
      for (std::size_t i = 0; i < group_.batch && record != log.end(); ++i, ++record) {
        records.at(*record).add(std::string(group_.record_bytes, 'x'));
        bytes += group_.record_bytes;
        next = *record + 1;
      }
    }
    auto batch = records.take();
    if (batch.records.empty()) return std::nullopt;
    batch.bytes = bytes;
    return batch;
  }

  void answered() {
    change_.reset();
    taken_ = false;
    if (leaving_) {
      closed_ = true;
      changed_.notify();
      return;
    }
    group_.arrive();
    leave_if_quiet();
  }

  void arrived(Change change) {
    auto* revoked = std::get_if<flow::Revoked>(&change);
    const bool assigned = revoked == nullptr;
    const bool lost = !assigned && revoked->lost;
    change_ = std::move(change);
    taken_ = false;
    group_.join_out_ = false;
    if (held_ && lost)
      answers_.push_back({-142, "lost before it was sent"});
    else if (held_ && !assigned)
      group_.send(this, *held_);
    if (!assigned) held_.reset();
    on_change_();
    changed_.notify();
  }

  // Never on top of a change that is not answered, and not while a join is out.
  void leave_if_quiet() {
    if (!leave_wanted_ || leaving_ || change_ || group_.join_out_) return;
    leaving_ = true;
    if (group_.assigned_.empty()) {
      closed_ = true;
      changed_.notify();
    } else {
      arrived(flow::Revoked{{group_.assigned_.begin(), group_.assigned_.end()}, false});
    }
  }

  SimulatedGroup& group_;
  async::asio::any_io_executor loop_;
  async::Condition changed_;
  std::function<void()> on_change_ = [] {};
  std::optional<Change> change_;  // has arrived and is not answered
  bool taken_ = false;            // next() gave it
  std::deque<flow::Answer> answers_;
  std::map<delivery::Partition, std::int64_t> fetch_;  // the next offset to read; none: assigned, never read
  std::optional<delivery::Commits> held_;
  bool woken_ = false;
  bool leave_wanted_ = false;
  bool leaving_ = false;
  bool closed_ = false;
};

inline std::unique_ptr<flow::Source> SimulatedGroup::join(const async::asio::any_io_executor& loop) {
  if (member_ != nullptr) throw std::logic_error("one member at a time");
  auto member = std::make_unique<Member>(*this, loop);
  member_ = member.get();
  arrive();
  return member;
}

inline void SimulatedGroup::arrive() {
  if (member_ == nullptr || member_->change_ || member_->leaving_ || coming_.empty()) return;
  auto change = std::move(coming_.front());
  coming_.pop_front();
  const auto* revoked = std::get_if<flow::Revoked>(&change);
  if (revoked == nullptr || revoked->lost) ++generation_;
  member_->arrived(std::move(change));
}

inline void SimulatedGroup::wake_member() {
  if (member_ != nullptr) member_->changed_.notify();
}

inline void SimulatedGroup::forget_member() {
  member_ = nullptr;
  coming_.clear();
  assigned_.clear();
  join_out_ = false;
  if (out_) out_->member = nullptr;
}

inline void SimulatedGroup::send(Member* member, delivery::Commits request) {
  auto reply = usual;
  if (!replies.empty()) {
    reply = replies.front();
    replies.pop_front();
  }
  if (reply.applied == Reply::at_once) apply(request);
  const auto due = reply.after == never ? flow::time_point::max() : clock_.now() + reply.after;
  out_ = Commit{std::move(request), reply, due, generation_, member};
}

inline void SimulatedGroup::advance() {
  if (!out_ || clock_.now() < out_->due) return;
  const auto commit = *std::exchange(out_, std::nullopt);
  auto code = commit.reply.code;
  if (commit.reply.applied == Reply::with_the_answer) {
    if (commit.generation != generation_ && code == 0) code = 22;
    if (code == 0) apply(commit.commits);
  }
  if (commit.member != nullptr)
    commit.member->answers_.push_back({code, code == 0 ? "" : "code " + std::to_string(code)});
}

}  // namespace runnel::tests
