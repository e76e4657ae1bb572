#pragma once

#include "event_queue.hpp"
#include "join_watch.hpp"

#include <runnel/delivery/begin.hpp>
#include <runnel/flow/source.hpp>

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace runnel::kafka {

/// The commits of one consumer, one at a time. One is held back until no join can be before it (see
/// JoinWatch), and while the owner has it wait; it is sent, or dropped, and either way answered.
/// Lifetime: `handle` and `joins` outlive it. Thread: the loop's only.
class Committer {
 public:
  struct Calls {
    std::function<bool()> must_wait;              // whether the owner has it wait
    std::function<void(flow::Answer)> on_answer;  // on the loop; also from within the calls below
  };

  Committer(const async::asio::any_io_executor& loop, rd_kafka_t* handle, const JoinWatch& joins,
            Calls calls);

  void commit(delivery::Commits commits);

  /// One is held back, or waits for its answer.
  bool busy() const { return held_.has_value() || out_; }

  /// Sends what is held back, if it may be by now.
  void send_held();

  /// Answers what is held back with `why`: what it was made for is no more.
  void drop_held(rd_kafka_resp_err_t why);

  /// Takes the answers that are there.
  void serve();

 private:
  void send(const delivery::Commits& commits);

  rd_kafka_t* handle_;
  const JoinWatch& joins_;
  Calls calls_;
  std::optional<delivery::Commits> held_;
  bool out_ = false;
  EventQueue answers_;
  async::asio::steady_timer timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace runnel::kafka
