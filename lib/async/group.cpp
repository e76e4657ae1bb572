#include <runnel/async/group.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace runnel::async {
namespace {

// A task that was cancelled while it ran and never suspended would let operation_aborted out of
// io_context::run(); after this last step it cannot.
awaitable<void> shielded(awaitable<void> task) {
  std::exception_ptr failure;
  try {
    co_await std::move(task);
  } catch (...) {
    failure = std::current_exception();
  }
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

Group::~Group() {
  if (!tasks_.empty()) std::terminate();
}

void Group::spawn(awaitable<void> task) {
  auto it = tasks_.emplace(tasks_.end());
  auto ended = [this, it](std::exception_ptr failure) {
    tasks_.erase(it);
    if (failure && !stopping_) {
      failure_ = failure;
      stop();
    }
    changed_.notify();
  };
  asio::co_spawn(executor_, shielded(std::move(task)),
                 asio::bind_cancellation_slot(it->slot(), std::move(ended)));
  if (stopping_) it->emit(asio::cancellation_type::terminal);
}

void Group::stop() {
  stopping_ = true;
  for (auto it = tasks_.begin(); it != tasks_.end();) (it++)->emit(asio::cancellation_type::terminal);
}

awaitable<void> Group::join() {
  bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  while (!tasks_.empty()) {
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none && !stopping_) stop();
    co_await changed_.wait();
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace runnel::async
