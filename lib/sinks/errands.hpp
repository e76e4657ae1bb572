#pragma once

#include <runnel/async/worker.hpp>
#include <runnel/flow/clock.hpp>
#include <runnel/flow/sink.hpp>
#include <runnel/sinks/descriptors.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace runnel::sinks {

/// The calls of one sink that may block: one at a time on a thread of its own, each waited for until a
/// deadline.
///
/// A call that is given up goes on, and the next one waits until it has ended: so a sink's state belongs to
/// the call while one is under way, and to the loop otherwise. Declare it last in a sink: the destructor
/// waits for the call, and what the call uses must live until then. Thread: the loop's, but for given_up().
class Errands {
 public:
  using Call = std::function<flow::Delivered()>;

  using Spare = std::function<void()>;

  /// `elsewhere` as for a Worker. `spare` closes files that the sink can do without; it is called when no
  /// call is under way and `descriptors`, if given, are to be had by others.
  Errands(const async::asio::any_io_executor& loop, flow::Clock& clock,
          async::asio::any_io_executor elsewhere = {}, Descriptors* descriptors = nullptr, Spare spare = {})
      : clock_(clock),
        descriptors_(descriptors),
        spare_(std::move(spare)),
        worker_(loop, std::move(elsewhere)) {
    if (descriptors_ != nullptr) descriptors_->join(*this);
  }
  Errands(const Errands&) = delete;
  Errands& operator=(const Errands&) = delete;
  ~Errands() {
    if (descriptors_ != nullptr) descriptors_->leave(*this);
  }

  /// Completes when no call is under way (true), or at the deadline (false).
  /// Errors: throws what a call that was given up threw later.
  async::awaitable<bool> idle(flow::Hurry& hurry);

  /// Runs `call` once idle. Completes with what it gives, or `late` at the deadline. Had it no descriptor,
  /// then all are asked for some, and there are when it is tried again. Errors: throws what the call throws.
  async::awaitable<flow::Delivered> run(Call call, flow::Hurry& hurry);

  /// For Descriptors.
  void spare() {
    if (!busy()) spare_();
  }

  /// Whether a call is under way.
  bool busy() const { return job_ != nullptr && !job_->done(); }

  /// For the call: nobody waits for it any more, so it may end where it can be resumed. Thread: any.
  bool given_up() const { return given_up_.load(std::memory_order_relaxed); }

 private:
  using Job = async::Job<flow::Delivered>;

  async::awaitable<bool> ended(flow::Hurry& hurry);

  flow::Clock& clock_;
  Descriptors* const descriptors_;
  const Spare spare_;
  std::atomic<bool> given_up_ = false;
  std::shared_ptr<Job> job_;
  async::Worker worker_;
};

}  // namespace runnel::sinks
