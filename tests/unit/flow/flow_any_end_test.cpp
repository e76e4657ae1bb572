#include "unit/flow/flow_world.hpp"

namespace runnel::flow {
namespace {

// the sweep: an end at every point, and the life after it

// Sanitizers are slow, and look for something else: each seventh step is enough for them.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int stride = 7;
#else
constexpr int stride = 1;
#endif

struct Course {
  const char* name;
  bool cooperative;
  Reply::Applied applied;  // when the group applies what was committed
  delivery::Reset reset;
  enum { none, killed, power_lost } files = none;  // a sink of exactly once, and how its life ends
  bool shared = false;                             // one file for all partitions
};

/// Two sinks, two partitions, and everything that happens to a flow. Ends it after `steps` steps of the
/// world; false: it had ended by itself before.
bool ends_after(int steps, const Course& course) {
  World world(2);
  world.params.drain = 3s;
  world.params.reset = course.reset;
  world.group.cooperative = course.cooperative;
  world.group.usual = {0, 40ms, course.applied};
  world.shelves[1].takes = 10ms;
  if (course.files != Course::none) world.host.emplace().shared = course.shared;
  for (auto& shelf : world.shelves) shelf.looks_again = 500ms;
  const auto everything = [&] {
    std::vector<Partition> all;
    for (const auto& partition : {p0, p1})
      if (!world.group.assigned().contains(partition)) all.push_back(partition);
    world.group.assign(all);
  };

  const std::pair<std::chrono::milliseconds, std::function<void()>> script[] = {
      {0ms,
       [&] {
         world.group.assign({p0, p1});
       }},
      {300ms, [&] { world.group.produce(p0, 5); }},
      {1'400ms,
       [&] {
         world.group.replies = {{16, 20ms, Reply::at_once}, {-185, 20ms, Reply::not_at_all}};
       }},
      {1'500ms, [&] { world.group.produce(p1, 7); }},
      {2'700ms,
       [&] {
         world.shelves[0].next_outcomes = {2, Outcome::failed};
       }},
      {2'800ms, [&] { world.group.produce(p0, 4); }},
      {2'900ms,
       [&] {
         world.group.revoke(course.cooperative ? std::vector{p1} : std::vector{p0, p1});
       }},
      {4'000ms, everything},
      {4'100ms, [&] { world.group.produce(p1, 4); }},
      {4'500ms, [&] { world.group.begin_join(); }},
      {5'500ms,
       [&] {
         world.group.lose({p0, p1});
       }},
      {5'600ms, [&] { world.group.failing_look_ups = 2; }},
      {5'600ms, everything},
      {7'000ms,
       [&] {
         world.group.replies = {{27, 20ms, Reply::not_at_all}};
       }},
      {7'000ms, [&] { world.group.produce(p0, 4); }},
      {9'000ms,
       [&] {
         world.group.revoke({p0, p1});
       }},
      {9'500ms, everything},
      {10'000ms, [&] { world.shelves[1].stuck = true; }},
      {10'000ms, [&] { world.group.produce(p0, 2), world.group.produce(p1, 8); }},
      {10'500ms,
       [&] {
         world.group.revoke(course.cooperative ? std::vector{p0} : std::vector{p0, p1});
       }},
      {14'000ms, [&] { world.shelves[1].stuck = false; }},
      {14'000ms, everything},
      {15'000ms, [&] { world.group.produce(p0, 7); }},
      {15'010ms, [&] { world.flow->stop(); }},
      {30'000ms, [] {}},
  };

  const auto begun = world.clock.now();
  world.group.produce(p0, 8);
  world.group.produce(p1, 1);
  world.live();
  for (const auto& [at, act] : script) {
    while (steps > 0 && !world.done && world.clock.step(world.loop, begun + at)) --steps;
    if (steps == 0 || world.done) break;
    world.run_for(begun + at - world.clock.now());
    act();
  }
  const bool by_itself = world.done;
  if (by_itself) {
    EXPECT_TRUE(world.end && world.end->left_group && !world.end->uncommitted) << course.name;
    world.bury();
  } else {
    world.die();
    if (course.files == Course::power_lost) world.host->lose_power(static_cast<std::size_t>(steps) % 50);
  }

  // What a new flow finds: the same group, the same log, what is durable in the sinks, and new records.
  world.group.replies.clear();
  world.group.failing_look_ups = 0;
  for (auto& shelf : world.shelves) shelf.stuck = false, shelf.next_outcomes.clear();
  world.group.produce(p0, 2);
  world.group.produce(p1, 2);
  world.live_with({p0, p1});
  world.run_for(3s);
  const auto end = world.stop();
  EXPECT_TRUE(end.left_group && !end.uncommitted && !end.given_up);
  world.expect_no_hole();
  if (world.host) world.expect_once_in_files();
  EXPECT_THAT(world.group.committed,
              ElementsAre(Pair(p0, world.group.logs[p0].high), Pair(p1, world.group.logs[p1].high)));
  return !by_itself;
}

TEST_F(FlowFacts, ended_anywhere_it_has_committed_nothing_that_is_not_delivered_and_the_next_loses_nothing) {
  constexpr Course courses[] = {
      {"eager", false, Reply::with_the_answer, delivery::Reset::earliest},
      {"eager, applied though never answered", false, Reply::at_once, delivery::Reset::earliest},
      {"cooperative", true, Reply::with_the_answer, delivery::Reset::earliest},
      {"cooperative, applied though never answered", true, Reply::at_once, delivery::Reset::latest},
      {"eager, with files", false, Reply::with_the_answer, delivery::Reset::earliest, Course::killed},
      {"eager, with files, applied though never answered", false, Reply::at_once, delivery::Reset::earliest,
       Course::killed},
      {"eager, with one file", false, Reply::at_once, delivery::Reset::earliest, Course::killed, true},
      {"cooperative, with files", true, Reply::with_the_answer, delivery::Reset::earliest,
       Course::power_lost},
      {"cooperative, with files, applied though never answered", true, Reply::at_once,
       delivery::Reset::latest, Course::power_lost},
  };
  telemetry::set_level(telemetry::Level::error);
  for (const auto& course : courses) {
    int steps = 1;
    while (!HasFailure() && ends_after(steps, course)) steps += stride;
    EXPECT_FALSE(HasFailure()) << course.name << ", ended after step " << steps;
    EXPECT_GT(steps, 300) << course.name;
    if (HasFailure()) break;
  }
  telemetry::set_level(telemetry::Level::info);
}

}  // namespace
}  // namespace runnel::flow
