#include "unit/async/loop.hpp"

#include <runnel/async/condition.hpp>

#include <memory>
#include <vector>

namespace runnel::async {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

struct Woken {
  asio::cancellation_signal cancel;  // one for each: a slot holds one coroutine
  int times = 0;
  std::exception_ptr failure;
};

class ConditionTest : public testing::Test {
 protected:
  void wait(Woken& woken, Condition::time_point until = Condition::time_point::max()) {
    auto waiter = [this, until, &woken]() -> awaitable<void> {
      co_await condition.wait(until);
      ++woken.times;
    };
    auto ended = [&woken](std::exception_ptr failure) { woken.failure = failure; };
    asio::co_spawn(loop, waiter, asio::bind_cancellation_slot(woken.cancel.slot(), ended));
    loop.poll();
  }

  Loop loop;
  Condition condition{loop.get_executor()};
};

TEST_F(ConditionTest, notify_wakes_all_that_wait) {
  Woken one, two;
  wait(one);
  wait(two, Clock::now() + 1h);
  EXPECT_EQ(one.times + two.times, 0);
  condition.notify();
  loop.poll();
  EXPECT_EQ(one.times, 1);
  EXPECT_EQ(two.times, 1);
}

TEST_F(ConditionTest, notify_before_the_wait_is_forgotten) {
  Woken woken;
  condition.notify();
  wait(woken);
  EXPECT_EQ(woken.times, 0);
  condition.notify();
  loop.poll();
  EXPECT_EQ(woken.times, 1);
}

TEST_F(ConditionTest, two_notifies_in_a_row_wake_once) {
  Woken woken;
  wait(woken);
  condition.notify();
  condition.notify();
  loop.poll();
  EXPECT_EQ(woken.times, 1);
}

TEST_F(ConditionTest, a_timed_wait_ends_at_its_time_and_not_before) {
  Woken woken;
  auto until = Clock::now() + 20ms;
  wait(woken, until);
  loop.run_one();
  loop.poll();
  EXPECT_EQ(woken.times, 1);
  EXPECT_GE(Clock::now(), until);
}

TEST_F(ConditionTest, a_time_that_has_passed_ends_the_wait_but_lets_others_run_first) {
  Woken woken;
  bool ran = false;
  auto waiter = [&]() -> awaitable<void> {
    co_await condition.wait(Clock::now() - 1s);
    EXPECT_TRUE(ran);
    ++woken.times;
  };
  asio::co_spawn(loop, waiter, rethrow);
  asio::post(loop, [&] { ran = true; });
  loop.run();
  EXPECT_EQ(woken.times, 1);
}

TEST_F(ConditionTest, of_several_timed_waits_only_the_one_whose_time_has_come_ends) {
  Woken soon, later, never;
  wait(later, Clock::now() + 1h);
  wait(soon, Clock::now() + 5ms);
  wait(never);
  loop.run_one();
  loop.poll();
  EXPECT_EQ(soon.times, 1);
  EXPECT_EQ(later.times, 0);
  EXPECT_EQ(never.times, 0);
  condition.notify();
  loop.poll();
  EXPECT_EQ(soon.times + later.times + never.times, 3);
}

TEST_F(ConditionTest, a_cancelled_wait_completes_and_the_next_co_await_throws) {
  int reached = 0;
  std::exception_ptr failure;
  asio::cancellation_signal cancel;
  auto waiter = [&]() -> awaitable<void> {
    co_await condition.wait(Clock::now() + 1h);
    reached = 1;
    co_await condition.wait();
    reached = 2;
  };
  asio::co_spawn(loop, waiter,
                 asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr e) { failure = e; }));
  loop.poll();
  cancel.emit(asio::cancellation_type::terminal);
  loop.poll();
  EXPECT_EQ(reached, 1);
  EXPECT_TRUE(was_cancelled(failure));
}

TEST_F(ConditionTest, goes_on_working_after_a_cancelled_wait) {
  Woken cancelled, woken;
  wait(cancelled);
  cancelled.cancel.emit(asio::cancellation_type::terminal);
  loop.poll();
  wait(woken);
  condition.notify();
  loop.poll();
  EXPECT_EQ(woken.times, 1);
}

TEST_F(ConditionTest, a_waiter_may_wait_again_while_others_are_being_woken) {
  int rounds = 0;
  auto waiter = [&]() -> awaitable<void> {
    while (rounds < 100) {
      co_await condition.wait();
      ++rounds;
      condition.notify();
    }
  };
  for (int i = 0; i < 3; ++i) asio::co_spawn(loop, waiter, rethrow);
  loop.poll();
  condition.notify();
  loop.run();
  EXPECT_GE(rounds, 100);
}

TEST(Condition, may_die_before_the_frames_of_its_waiters) {
  Loop loop;
  auto condition = std::make_unique<Condition>(loop.get_executor());
  auto waiter = [](Condition& c) -> awaitable<void> { co_await c.wait(); };
  for (int i = 0; i < 3; ++i) asio::co_spawn(loop, waiter(*condition), rethrow);
  loop.poll();
  condition.reset();  // the loop destroys the frames, later: for ASan to judge
}

}  // namespace
}  // namespace runnel::async
