#pragma once

#include <runnel/async/awaitable.hpp>
#include <runnel/async/condition.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace runnel::async {

/// One call on a Worker. Its result appears here, on the loop, even when whoever asked has stopped waiting.
template <class R>
class Job {
 public:
  explicit Job(const asio::any_io_executor& loop) : changed(loop) {}

  bool done() const { return done_; }
  R take() {  // once done: the result, or the exception that the call threw
    if (failure_) std::rethrow_exception(failure_);
    return std::move(*result_);
  }

  Condition changed;  // notified on the loop once done

 private:
  friend class Worker;
  std::optional<R> result_;
  std::exception_ptr failure_;
  bool done_ = false;
};

/// A thread of its own for calls that may block, so that the loop never does.
///
/// Calls run one after the other. What a call refers to must live until it has run: let it own what it uses
/// (shared_ptr), since its caller may have given up waiting. The destructor waits until every call that was
/// started has run; one that never returns is the business of whoever ends the process. Dies before the loop.
/// Thread: all members are called on the loop.
class Worker {
 public:
  /// `elsewhere`: where calls run in place of a thread of its own. Whoever gives it runs them one at a time,
  /// and all of them before this dies.
  explicit Worker(asio::any_io_executor loop, asio::any_io_executor elsewhere = {})
      : loop_(std::move(loop)), place_(std::move(elsewhere)) {
    if (!place_) place_ = thread_.emplace(1).get_executor();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {  // without it the pool would drop the calls that have not begun
    if (thread_) thread_->join();
  }

  /// Starts `call` and returns at once.
  template <class F, class R = std::invoke_result_t<F&>>
  std::shared_ptr<Job<R>> start(F call) {
    auto job = std::make_shared<Job<R>>(loop_);
    auto work = asio::prefer(loop_, asio::execution::outstanding_work.tracked);  // run() stays for the answer
    asio::post(place_, [loop = std::move(work), job, call = std::move(call)]() mutable {
      std::optional<R> result;
      std::exception_ptr failure;
      try {
        F once = std::move(call);  // what it owns is let go before the answer
        result.emplace(once());
      } catch (...) {
        failure = std::current_exception();
      }
      // Moved, not shared: whatever the answer holds is destroyed on the loop.
      asio::post(loop,
                 [job = std::move(job), result = std::move(result), failure = std::move(failure)]() mutable {
                   job->result_ = std::move(result);
                   job->failure_ = std::move(failure);
                   job->done_ = true;
                   job->changed.notify();
                 });
    });
    return job;
  }

  /// Starts `call` and waits for it: its result, or its exception.
  template <class F, class R = std::invoke_result_t<F&>>
  awaitable<R> run(F call) {
    auto job = start(std::move(call));
    while (!job->done()) co_await job->changed.wait();
    co_return job->take();
  }

 private:
  asio::any_io_executor loop_;
  std::optional<asio::thread_pool> thread_;
  asio::any_io_executor place_;
};

}  // namespace runnel::async
