#include "support/simulated_clock.hpp"
#include "support/simulated_publisher.hpp"

#include <runnel/flow/heartbeat.hpp>
#include <runnel/telemetry/log.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace runnel::flow {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;
namespace asio = async::asio;

/// A heartbeat on a simulated clock and broker. What is destroyed last is declared first.
struct World {
  explicit World(std::optional<std::int64_t> count = {}, std::chrono::nanoseconds interval = 1s)
      : heartbeat(loop.get_executor(), {"beat", interval, count}, make, publisher, clock) {}

  void start() {
    auto ended = [this](std::exception_ptr e) {
      done = true;
      failure = e;
    };
    asio::co_spawn(loop, heartbeat.run(), asio::bind_cancellation_slot(cancel.slot(), ended));
  }

  void run_for(std::chrono::nanoseconds time) { clock.run_for(loop, time); }
  void run() { clock.run(loop); }
  const delivery::Tally::Counters& counters() const { return heartbeat.tally().counters(); }
  const Message& message(std::size_t i) const { return publisher.sent.at(i).message; }

  tests::SimulatedClock clock;
  asio::io_context loop;
  tests::SimulatedPublisher publisher{loop.get_executor(), clock};
  MakeMessage make = [](std::uint64_t seq, std::chrono::system_clock::time_point scheduled) {
    Message message;
    message.topic = "t";
    message.value = std::to_string(seq);
    message.timestamp = scheduled;
    return message;
  };
  Heartbeat heartbeat;
  asio::cancellation_signal cancel;
  bool done = false;
  std::exception_ptr failure;
};

TEST(Heartbeat, ticks_at_once_and_then_each_interval) {
  World world;
  auto start = world.clock.now();
  world.start();
  world.run_for(2500ms);
  ASSERT_EQ(world.publisher.sent.size(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(world.publisher.sent[i].at, start + i * 1s);
  EXPECT_EQ(world.counters().delivered, 3u);
  EXPECT_FALSE(world.done);
  world.heartbeat.stop(world.clock.now());
  world.run();
}

TEST(Heartbeat, never_drifts_over_ten_thousand_late_ticks) {
  World world(10'000, 10ms);
  auto start = world.clock.now();
  auto wall = world.clock.wall();
  world.start();
  for (int i = 0; !world.done; ++i) {
    world.run_for(7ms);
    world.clock.stall(std::chrono::microseconds(i * 7919 % 9000));  // the loop is busy
  }
  ASSERT_EQ(world.publisher.sent.size(), 10'000u);
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(world.message(i).value, std::to_string(i));
    ASSERT_EQ(world.message(i).timestamp, wall + i * 10ms);
    ASSERT_LT(world.publisher.sent[i].at, start + i * 10ms + 9ms);
  }
}

TEST(Heartbeat, takes_another_interval_while_it_waits) {
  World world({}, 1h);
  const auto start = world.clock.now();
  world.start();
  world.run_for(10s);
  world.heartbeat.adjust(15s);
  world.run_for(30s);
  ASSERT_EQ(world.publisher.sent.size(), 3u);
  EXPECT_EQ(world.publisher.sent[1].at, start + 15s);
  EXPECT_EQ(world.publisher.sent[2].at, start + 30s);
  EXPECT_EQ(world.counters().missed, 0u);
  world.heartbeat.stop(world.clock.now());
  world.run();
}

TEST(Heartbeat, a_wake_up_that_is_three_and_a_half_intervals_late_misses_three_ticks_and_says_so) {
  World world;
  auto start = world.clock.now();
  auto wall = world.clock.wall();
  world.start();
  world.run_for(500ms);
  CaptureStderr();
  world.clock.stall(4s);
  world.run_for(2s);
  EXPECT_THAT(GetCapturedStderr(), HasSubstr("ticks missed: 3"));
  ASSERT_EQ(world.publisher.sent.size(), 4u);  // 0, then the last that was due, then two in time: no bunch
  EXPECT_EQ(world.publisher.sent[1].at, start + 4500ms);
  EXPECT_EQ(world.message(1).timestamp, wall + 4s);
  EXPECT_EQ(world.message(1).value, "1");  // a missed tick takes no number
  EXPECT_EQ(world.publisher.sent[2].at, start + 5s);
  EXPECT_EQ(world.publisher.sent[3].at, start + 6s);
  EXPECT_EQ(world.counters().missed, 3u);
  world.heartbeat.stop(world.clock.now());
  world.run();
}

TEST(Heartbeat, ends_when_its_count_is_spent_and_every_report_is_in) {
  World world(3);
  world.publisher.delay = 30s;
  world.start();
  world.run_for(31s);
  EXPECT_FALSE(world.done);
  world.run_for(1s);
  EXPECT_TRUE(world.done);
  EXPECT_EQ(world.counters().made, 3u);
  EXPECT_EQ(world.counters().delivered, 3u);
  EXPECT_FALSE(world.failure);
}

TEST(Heartbeat, missed_ticks_take_no_part_of_the_count) {
  World world(100);
  world.start();
  world.run_for(10s);
  world.clock.stall(1h);
  world.run();
  ASSERT_EQ(world.publisher.sent.size(), 100u);
  EXPECT_EQ(world.message(99).value, "99");
}

TEST(Heartbeat, a_broker_that_never_answers_delays_no_tick) {
  World world;
  auto start = world.clock.now();
  world.publisher.delay = world.publisher.never;
  world.start();
  world.run_for(100s);
  ASSERT_EQ(world.publisher.sent.size(), 101u);
  for (int i = 0; i <= 100; ++i) EXPECT_EQ(world.publisher.sent[i].at, start + i * 1s);
  world.heartbeat.stop(world.clock.now());
  world.run();
}

TEST(Heartbeat, what_finds_no_room_is_counted_and_said_once_a_minute) {
  World world;
  world.publisher.capacity = 10;
  world.publisher.delay = world.publisher.never;
  world.start();
  CaptureStderr();
  world.run_for(69s);
  auto log = GetCapturedStderr();
  EXPECT_THAT(log, AllOf(HasSubstr("records not delivered: 1 (the producer's queue is full)"),
                         Not(HasSubstr("60 ("))));
  CaptureStderr();
  world.run_for(1s);
  EXPECT_THAT(GetCapturedStderr(), HasSubstr("records not delivered: 60 (the producer's queue is full)"));
  EXPECT_EQ(world.publisher.sent.size(), 10u);
  EXPECT_EQ(world.counters().made, 71u);
  EXPECT_EQ(world.counters().failed, 61u);
  EXPECT_EQ(world.counters().outstanding(), 10u);
  world.heartbeat.stop(world.clock.now());
  world.run();
}

TEST(Heartbeat, a_full_queue_that_drains_carries_on) {
  World world;
  world.publisher.capacity = 2;
  world.publisher.delay = 3500ms;
  world.start();
  world.run_for(5500ms);  // 0 and 1 go out; 2 and 3 find no room; 4 and 5 go out
  ASSERT_EQ(world.publisher.sent.size(), 4u);
  EXPECT_EQ(world.message(2).value, "4");  // a record that found no room keeps its number
  world.heartbeat.stop(world.clock.now() + 10s);
  world.run();
  EXPECT_EQ(world.counters().delivered, 4u);
}

TEST(Heartbeat, failed_reports_are_counted_by_reason_and_said_once_a_minute) {
  World world(61);
  world.publisher.answer = [](const Message& message) {
    if (message.value == "7") return Report{-192, "Local: Message timed out"};
    return Report{10, "Broker: Message size too large"};
  };
  world.start();
  CaptureStderr();
  world.run();
  auto log = GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("records not delivered: 1 (Broker: Message size too large)"));
  EXPECT_THAT(log, HasSubstr("records not delivered: 1 (Local: Message timed out)"));
  EXPECT_THAT(log, HasSubstr("records not delivered: 59 (Broker: Message size too large)"));
  EXPECT_EQ(std::ranges::count(log, '\n'), 4);  // those, and the last line
  EXPECT_EQ(world.counters().failed, 61u);
}

TEST(Heartbeat, stop_makes_no_further_tick_and_waits_for_the_reports) {
  World world;
  world.publisher.delay = 5s;
  world.start();
  world.run_for(2500ms);
  world.heartbeat.stop(world.clock.now() + 20s);
  world.run_for(4s);
  EXPECT_FALSE(world.done);
  world.run_for(1s);
  EXPECT_TRUE(world.done);
  EXPECT_EQ(world.counters().made, 3u);
  EXPECT_EQ(world.counters().delivered, 3u);
}

TEST(Heartbeat, stop_ends_at_its_deadline_and_says_what_is_not_acknowledged) {
  World world;
  world.publisher.delay = world.publisher.never;
  world.start();
  world.run_for(2500ms);
  auto deadline = world.clock.now() + 20s;
  world.heartbeat.stop(deadline);
  CaptureStderr();
  world.run();
  EXPECT_THAT(GetCapturedStderr(), HasSubstr("records not acknowledged in time: 3"));
  EXPECT_TRUE(world.done);
  EXPECT_FALSE(world.failure);
  EXPECT_EQ(world.clock.now(), deadline);
  EXPECT_EQ(world.counters().outstanding(), 3u);
}

TEST(Heartbeat, a_second_stop_brings_the_deadline_nearer_but_never_farther) {
  World world;
  world.publisher.delay = world.publisher.never;
  world.start();
  world.run_for(1500ms);
  auto now = world.clock.now();
  world.heartbeat.stop(now + 20s);
  world.run_for(1s);
  world.heartbeat.stop(now + 5s);
  world.heartbeat.stop(now + 60s);
  world.run();
  EXPECT_EQ(world.clock.now(), now + 5s);
}

TEST(Heartbeat, stop_comes_before_a_tick_that_is_due_at_the_same_moment) {
  World world;
  world.start();
  world.run_for(500ms);
  world.clock.stall(5s);
  world.heartbeat.stop(world.clock.now());
  world.run();
  EXPECT_TRUE(world.done);
  EXPECT_EQ(world.counters().made, 1u);
}

TEST(Heartbeat, stopped_before_it_ran_it_makes_nothing) {
  World world;
  world.heartbeat.stop(world.clock.now());
  world.start();
  world.run();
  EXPECT_TRUE(world.done);
  EXPECT_EQ(world.counters().made, 0u);
}

TEST(Heartbeat, the_wall_clock_may_step_and_the_ticks_stay_steady) {
  World world;
  auto wall = world.clock.wall();
  auto start = world.clock.now();
  world.start();
  world.run_for(1500ms);
  world.clock.step_wall(1h);
  world.run_for(1s);
  ASSERT_EQ(world.publisher.sent.size(), 3u);
  EXPECT_EQ(world.publisher.sent[2].at, start + 2s);
  EXPECT_EQ(world.message(2).timestamp, wall + 1h + 2s);
  world.heartbeat.stop(world.clock.now());
  world.run();
}

TEST(Heartbeat, what_the_template_throws_ends_it) {
  World world;
  world.publisher.delay = world.publisher.never;
  Heartbeat broken(
      world.loop.get_executor(), {"broken", 1s, {}},
      [&](std::uint64_t seq, auto) {
        if (seq == 2) throw std::runtime_error("no template");
        return Message();
      },
      world.publisher, world.clock);
  std::exception_ptr failure;
  asio::co_spawn(world.loop, broken.run(), [&](std::exception_ptr e) { failure = e; });
  world.run();
  ASSERT_TRUE(failure);
  EXPECT_THROW(std::rethrow_exception(failure), std::runtime_error);
  EXPECT_EQ(world.clock.waiting(), 0u);
}

/// Cancels the heartbeat after `steps` steps of a world with slow reports and a full queue, where it is
/// stopped after `stop` steps. False: it had ended before.
bool cancelled_after(int steps, int stop) {
  World world(6);
  world.publisher.delay = 3s;
  world.publisher.capacity = 2;
  world.start();
  for (int i = 0; i < steps; ++i) {
    if (i == stop) world.heartbeat.stop(world.clock.now() + 2s);
    world.clock.step(world.loop);
    if (world.done) return false;
  }
  world.cancel.emit(asio::cancellation_type::terminal);
  auto now = world.clock.now();
  world.run();
  EXPECT_TRUE(world.done) << "after step " << steps;
  EXPECT_EQ(world.clock.now(), now) << "waited for something after step " << steps;
  EXPECT_EQ(world.clock.waiting(), 0u) << "left something behind after step " << steps;
  return true;
}

TEST(Heartbeat, cancelled_anywhere_it_ends_at_once_and_leaves_nothing_behind) {
  CaptureStderr();
  for (int stop : {8, 1'000}) {
    int steps = 0;
    while (cancelled_after(steps, stop)) ++steps;
    EXPECT_GT(steps, stop == 8 ? 12 : 20);
  }
  GetCapturedStderr();
}

}  // namespace
}  // namespace runnel::flow
