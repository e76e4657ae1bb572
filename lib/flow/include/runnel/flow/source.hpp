#pragma once

#include <runnel/async/awaitable.hpp>
#include <runnel/delivery/begin.hpp>
#include <runnel/delivery/record.hpp>
#include <runnel/flow/clock.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace runnel::flow {

/// The time given to next() came, or wake() was called, or it is time to show life.
struct Nothing {};

/// These partitions are ours from now on; answer with assign().
struct Assigned {
  std::vector<delivery::Partition> partitions;
  bool same_generation =
      false;  // as the Revoked before: what was sent then may still be applied. Another one comes
};

/// These partitions go; answer with unassign(). Lost: they are already another member's, nothing can be
/// committed.
struct Revoked {
  std::vector<delivery::Partition> partitions;
  bool lost = false;
};

/// What came of a commit: 0, or the worst of the errors (a Kafka protocol error code, or one of librdkafka's
/// own, which are negative). delivery::after_commit() says what it asks for.
struct Answer {
  int code = 0;
  std::string reason;
};

/// A delivery::Gap as an event: the log no longer held these offsets when they were to be read; reading goes
/// on.
using Event = std::variant<Nothing, delivery::Batch, Assigned, Revoked, Answer, delivery::Gap>;

/// What the brokers say about partitions, in any order.
struct LookedUp {
  std::string cluster;  // its id
  std::vector<delivery::Known> known;
};

/// The longest that next() waits, whatever its `until`: so whoever waits shows each few seconds that it
/// lives.
constexpr std::chrono::seconds longest_silence{10};

/// A member of a consumer group, as a stream of events. Thread: the loop's only.
class Source {
 public:
  virtual ~Source() = default;

  /// Joins the group, once; before that no event comes. Errors: throws Broken.
  virtual void join() = 0;

  /// The next event: an answer if there is one, else a change of assignment, else (if `records`) a batch; at
  /// `until`, and after longest_silence, Nothing. Errors: throws Broken when the member can never work again.
  /// Cancellation: loses nothing.
  virtual async::awaitable<Event> next(bool records, time_point until) = 0;

  /// Ends a next() or look_up() that waits, or the next one, at once, with Nothing.
  virtual void wake() = 0;

  /// `call` is called the moment a change of assignment arrives, before next() gives it.
  virtual void on_change(std::function<void()> call) = 0;

  /// Asks the brokers for these partitions; with `siblings`, for all partitions of their topics; and for
  /// `others`, which are left out of the answer when there are no such ones any more. Nothing: ended by
  /// wake(). Errors: throws std::runtime_error with the reason; ask again later.
  virtual async::awaitable<std::optional<LookedUp>> look_up(
      const std::vector<delivery::Partition>& partitions, bool siblings,
      const std::set<delivery::Partition>& others) = 0;

  /// What is in the way of what next() waits for, in one clause; empty: nothing that is known.
  virtual std::string trouble() const { return {}; }

  /// The end of a partition's log, as the last fetch told it; 0 when it is not known.
  virtual std::int64_t end_of(const delivery::Partition& partition) const = 0;

  /// Answers Assigned: begin to fetch each partition at its position. With the cooperative protocol these are
  /// added to the ones there are.
  virtual void assign(const delivery::Positions& begin) = 0;

  /// Answers Revoked: with the eager protocol all partitions go, else those of the event.
  virtual void unassign() = 0;

  /// Fetch again from these positions; records beyond them that were read but not delivered come again.
  virtual void rewind(const delivery::Positions& positions) = 0;

  /// Commits, in one request. One at a time; the Answer comes from next(). While a join is out, and while an
  /// Assigned waits to be given by next(), it is held back: with a Revoked it is sent, with an Assigned or a
  /// loss it never is, and its Answer says so.
  virtual void commit(delivery::Commits commits) = 0;

  /// A commit is held back, or waits for its answer.
  virtual bool committing() const = 0;

  /// Leaves the group, once no change is unanswered: a last Revoked comes from next(), then closed() is true.
  virtual void leave() = 0;
  virtual bool closed() const = 0;

  /// Once closed(): lets go of connections and threads. Completes when they are gone, which may take seconds
  /// when brokers do not answer; what is left then needs only destruction, which takes no time.
  virtual async::awaitable<void> dispose() = 0;
};

}  // namespace runnel::flow
