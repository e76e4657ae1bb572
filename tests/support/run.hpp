#pragma once

#include <runnel/async/awaitable.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

namespace runnel::tests {

/// A coroutine that was started and has perhaps ended.
template <class T>
class Started {
 public:
  using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

  bool ended() const { return state_->ended; }

 private:
  template <class U>
  friend Started<U> start(async::asio::io_context& loop, async::awaitable<U> task);
  template <class U>
  friend U finish(async::asio::io_context& loop, Started<U> started);

  struct State {
    bool ended = false;
    std::exception_ptr failure;
    std::optional<Value> value;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

/// Runs `task` up to its first real wait.
template <class T>
Started<T> start(async::asio::io_context& loop, async::awaitable<T> task) {
  Started<T> started;
  async::asio::co_spawn(loop, std::move(task),
                        [state = started.state_](std::exception_ptr failure, auto&&... value) {
                          state->ended = true;
                          state->failure = failure;
                          if (!failure) state->value.emplace(std::forward<decltype(value)>(value)...);
                        });
  loop.restart();
  loop.poll();
  return started;
}

/// Runs the loop until the coroutine has ended: its result, or its exception. Whatever else is on the loop
/// runs meanwhile and stays there. Throws when it still waits after 20 s, so that a hang is a failure.
template <class T>
T finish(async::asio::io_context& loop, Started<T> started) {
  constexpr auto limit = std::chrono::seconds(20);
  const auto deadline = std::chrono::steady_clock::now() + limit;
  auto& state = *started.state_;
  loop.restart();
  while (!state.ended && loop.run_one_until(deadline) != 0) {
  }
  if (!state.ended) throw std::runtime_error("the coroutine had not ended by the test's limit");
  if (state.failure) std::rethrow_exception(state.failure);
  if constexpr (!std::is_void_v<T>) return std::move(*state.value);
}

template <class T>
T run(async::asio::io_context& loop, async::awaitable<T> task) {
  return finish(loop, start(loop, std::move(task)));
}

}  // namespace runnel::tests
