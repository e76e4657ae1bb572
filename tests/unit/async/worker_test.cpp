#include "unit/async/loop.hpp"

#include <runnel/async/worker.hpp>

#include <atomic>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace runnel::async {
namespace {

/// A gate on which a call stands until the test opens it.
struct Gate {
  std::promise<void> promise;
  std::shared_future<void> opened = promise.get_future().share();
  void open() { promise.set_value(); }
};

class WorkerTest : public testing::Test {
 protected:
  Loop loop;
  Worker worker{loop.get_executor()};
  asio::cancellation_signal cancel;
};

TEST_F(WorkerTest, gives_the_result_on_the_loop_while_the_call_ran_elsewhere) {
  std::string result;
  auto caller = [&]() -> awaitable<void> {
    auto loop_thread = std::this_thread::get_id();
    auto call = [loop_thread] {
      return std::string(std::this_thread::get_id() == loop_thread ? "here" : "there");
    };
    result = co_await worker.run(call);
    EXPECT_EQ(std::this_thread::get_id(), loop_thread);
  };
  asio::co_spawn(loop, caller, rethrow);
  loop.run();
  EXPECT_EQ(result, "there");
}

TEST_F(WorkerTest, runs_its_calls_where_it_was_told_to) {
  Loop elsewhere;
  Worker simulated(loop.get_executor(), elsewhere.get_executor());
  auto job = simulated.start([] { return std::this_thread::get_id(); });
  loop.poll();
  EXPECT_FALSE(job->done());
  elsewhere.poll();
  loop.poll();
  EXPECT_EQ(job->take(), std::this_thread::get_id());
}

TEST_F(WorkerTest, gives_the_exception_that_the_call_threw) {
  auto caller = [&]() -> awaitable<void> {
    auto call = []() -> int { throw std::runtime_error("disk on fire"); };
    co_await worker.run(call);
  };
  asio::co_spawn(loop, caller, rethrow);
  try {
    loop.run();
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "disk on fire");
  }
}

TEST_F(WorkerTest, takes_calls_and_results_that_can_only_be_moved) {
  auto job = worker.start([p = std::make_unique<int>(7)]() mutable { return std::move(p); });
  loop.run();
  ASSERT_TRUE(job->done());
  EXPECT_EQ(*job->take(), 7);
}

TEST_F(WorkerTest, runs_calls_one_after_the_other_in_their_order) {
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    worker.start([&order, i] {
      order.push_back(i);
      return 0;
    });
  }
  loop.run();
  ASSERT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(WorkerTest, keeps_run_alive_until_the_answer_is_there) {
  Gate gate;
  auto job = worker.start([opened = gate.opened] {
    opened.wait();
    return 1;
  });
  std::thread opener([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    gate.open();
  });
  loop.run();  // nothing else to do, and no thread waits on the loop
  EXPECT_TRUE(job->done());
  opener.join();
}

TEST_F(WorkerTest, the_loop_goes_on_while_a_call_blocks) {
  Gate gate;
  int turns = 0;
  auto job = worker.start([opened = gate.opened] {
    opened.wait();
    return 1;
  });
  auto others = [&]() -> awaitable<void> {
    for (; turns < 1000; ++turns) {
      co_await asio::post(asio::use_awaitable);
    }
    EXPECT_FALSE(job->done());
    gate.open();
  };
  asio::co_spawn(loop, others, rethrow);
  loop.run();
  EXPECT_EQ(turns, 1000);
  EXPECT_TRUE(job->done());
}

TEST_F(WorkerTest, a_caller_that_is_cancelled_goes_at_once_and_the_call_runs_all_the_same) {
  Gate gate;
  auto owned = std::make_shared<int>(0);
  std::exception_ptr failure;
  auto caller = [&]() -> awaitable<void> {
    auto call = [owned, opened = gate.opened] {
      opened.wait();
      return ++*owned;
    };
    co_await worker.run(std::move(call));
  };
  auto ended = [&](std::exception_ptr e) { failure = e; };
  asio::co_spawn(loop, caller, asio::bind_cancellation_slot(cancel.slot(), ended));
  loop.poll();
  cancel.emit(asio::cancellation_type::terminal);
  loop.poll();
  EXPECT_TRUE(was_cancelled(failure));
  gate.open();
  loop.run();
  EXPECT_EQ(*owned, 1);
  EXPECT_EQ(owned.use_count(), 1) << "what the call owned is let go";
}

TEST_F(WorkerTest, a_job_that_was_left_can_be_taken_up_again) {
  Gate gate;
  auto job = worker.start([opened = gate.opened] {
    opened.wait();
    return 5;
  });
  auto impatient = [&]() -> awaitable<void> {
    co_await job->changed.wait(std::chrono::steady_clock::now() + std::chrono::milliseconds(5));
    EXPECT_FALSE(job->done());
    gate.open();
    while (!job->done()) {
      co_await job->changed.wait();
    }
    EXPECT_EQ(job->take(), 5);
  };
  asio::co_spawn(loop, impatient, rethrow);
  loop.run();
}

TEST_F(WorkerTest, what_a_call_owns_is_let_go_before_its_answer) {
  std::atomic<bool> gone = false;
  auto let_go = [&gone](int* number) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    delete number;
    gone = true;
  };
  std::shared_ptr<int> owned(new int(1), let_go);
  auto caller = [&]() -> awaitable<void> {
    auto call = [mine = std::move(owned)] { return *mine; };
    co_await worker.run(std::move(call));
    EXPECT_TRUE(gone);
  };
  asio::co_spawn(loop, caller, rethrow);
  loop.run();
}

TEST(Worker, its_destructor_runs_every_call_that_was_started) {
  Loop loop;
  int ran = 0;
  {
    Worker worker(loop.get_executor());
    for (int i = 0; i < 100; ++i) worker.start([&ran] { return ++ran; });
  }
  EXPECT_EQ(ran, 100);
}

}  // namespace
}  // namespace runnel::async
