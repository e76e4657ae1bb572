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

/// Runs the loop until `task` has ended: its result, or its exception. Whatever else is on the loop runs
/// meanwhile and stays there. Throws when the task still waits at the limit, so that a hang is a failure.
template <class T>
T run(async::asio::io_context& loop, async::awaitable<T> task,
      std::chrono::milliseconds limit = std::chrono::seconds(20)) {
  using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
  struct State {
    bool ended = false;
    std::exception_ptr failure;
    std::optional<Value> value;
  };
  auto state = std::make_shared<State>();
  const auto ended = [state](std::exception_ptr failure, auto&&... value) {
    state->ended = true;
    state->failure = failure;
    if (!failure) state->value.emplace(std::forward<decltype(value)>(value)...);
  };
  async::asio::co_spawn(loop, std::move(task), ended);

  const auto deadline = std::chrono::steady_clock::now() + limit;
  loop.restart();
  while (!state->ended && loop.run_one_until(deadline) != 0) {
  }
  if (!state->ended) throw std::runtime_error("the coroutine had not ended by the test's limit");
  if (state->failure) std::rethrow_exception(state->failure);
  if constexpr (!std::is_void_v<T>) return std::move(*state->value);
}

}  // namespace runnel::tests
