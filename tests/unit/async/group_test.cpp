#include "unit/async/loop.hpp"

#include <runnel/async/group.hpp>

#include <boost/asio/this_coro.hpp>

#include <optional>
#include <stdexcept>

namespace runnel::async {
namespace {

class GroupTest : public testing::Test {
 protected:
  /// A task that waits for `condition` and then counts itself as ended; cancelled, it counts as stopped.
  awaitable<void> wait() {
    ++running;
    try {
      co_await condition.wait();
      co_await condition.wait();  // throws when the first wait was cancelled
      ++ended;
    } catch (...) {
      ++stopped;
      throw;
    }
  }

  awaitable<void> fail(const char* reason) {
    co_await condition.wait();
    throw std::runtime_error(reason);
  }

  void join() {
    auto joiner = [this]() -> awaitable<void> {
      co_await group.join();
      after = true;
      co_await condition.wait();  // shows whether the cancellation came through
    };
    auto handler = [this](std::exception_ptr e) {
      joined = true;
      failure = e;
    };
    asio::co_spawn(loop, joiner, asio::bind_cancellation_slot(cancel.slot(), handler));
    loop.poll();
  }

  void notify() {
    condition.notify();
    loop.poll();
  }

  Loop loop;
  Condition condition{loop.get_executor()};
  Group group{loop.get_executor()};
  asio::cancellation_signal cancel;
  int running = 0, ended = 0, stopped = 0;
  bool after = false;   // join() returned
  bool joined = false;  // the joiner has ended
  std::exception_ptr failure;
};

TEST_F(GroupTest, join_completes_when_the_last_task_has_ended) {
  group.spawn(wait());
  join();
  group.spawn(wait());
  loop.poll();
  EXPECT_EQ(running, 2);
  notify();
  EXPECT_FALSE(after);
  notify();
  EXPECT_TRUE(after);
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(group.size(), 0u);
}

TEST_F(GroupTest, joining_nothing_completes_at_once) {
  join();
  EXPECT_TRUE(after);
}

TEST_F(GroupTest, the_first_failure_stops_the_others_and_comes_out_of_join) {
  group.spawn(fail("first"));
  group.spawn(wait());
  group.spawn(fail("second"));
  join();
  notify();
  EXPECT_EQ(stopped, 1);
  ASSERT_TRUE(joined);
  EXPECT_FALSE(after);
  try {
    rethrow(failure);
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "first");
  }
}

TEST_F(GroupTest, stop_ends_every_task_and_is_no_failure) {
  group.spawn(wait());
  group.spawn(wait());
  loop.poll();
  group.stop();
  join();
  EXPECT_EQ(stopped, 2);
  EXPECT_TRUE(after);
}

TEST_F(GroupTest, a_task_may_be_stopped_before_its_first_step) {
  group.spawn(wait());
  group.stop();
  join();
  EXPECT_EQ(ended, 0);
  EXPECT_TRUE(after);
}

TEST_F(GroupTest, what_is_spawned_after_stop_is_cancelled_at_once) {
  group.stop();
  group.spawn(wait());
  join();
  EXPECT_EQ(ended, 0);
  EXPECT_TRUE(after);
}

TEST_F(GroupTest, a_task_that_is_stopped_while_it_runs_and_never_waits_lets_nothing_out_of_run) {
  auto task = [this]() -> awaitable<void> {
    group.stop();
    co_return;
  };
  group.spawn(task());
  join();  // poll() would throw
  EXPECT_TRUE(after);
}

TEST_F(GroupTest, a_cancelled_join_stops_the_tasks_waits_for_them_and_lets_the_cancellation_through) {
  auto slow = [this]() -> awaitable<void> {
    co_await condition.wait();
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await condition.wait();  // its clean-up takes a while
    ++ended;
  };
  group.spawn(slow());
  join();
  cancel.emit(asio::cancellation_type::terminal);
  loop.poll();
  EXPECT_FALSE(joined);
  notify();
  EXPECT_EQ(ended, 1);
  EXPECT_TRUE(after);
  EXPECT_TRUE(was_cancelled(failure));
}

TEST_F(GroupTest, a_join_that_begins_cancelled_stops_the_tasks_too) {
  auto joiner = [this]() -> awaitable<void> {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await condition.wait();
    co_await group.join();
    after = true;
    bool throws = co_await asio::this_coro::throw_if_cancelled();
    EXPECT_FALSE(throws) << "join() must leave the caller's choice as it was";
  };
  asio::co_spawn(loop, joiner, asio::bind_cancellation_slot(cancel.slot(), rethrow));
  loop.poll();
  cancel.emit(asio::cancellation_type::terminal);
  group.spawn(wait());
  loop.poll();
  EXPECT_TRUE(after);
}

TEST_F(GroupTest, a_task_may_spawn_others) {
  auto parent = [this]() -> awaitable<void> {
    co_await condition.wait();
    group.spawn(wait());
  };
  group.spawn(parent());
  join();
  notify();
  EXPECT_FALSE(after);
  notify();
  notify();
  EXPECT_TRUE(after);
  EXPECT_EQ(ended, 1);
}

using GroupDeathTest = GroupTest;

TEST_F(GroupDeathTest, terminates_the_process_when_a_task_is_left) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        std::optional<Group> owner(std::in_place, loop.get_executor());
        owner->spawn(wait());
        owner.reset();
      },
      "");
}

}  // namespace
}  // namespace runnel::async
