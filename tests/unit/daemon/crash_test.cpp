#include <runnel/telemetry/log.hpp>

#include <crash.hpp>
#include <gtest/gtest.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

namespace runnel::daemon {
namespace {

void crash_in_a_thread(const std::string& why) {
  telemetry::hide({"hunter2"});
  say_why_it_crashes();
  std::thread([why] { throw std::runtime_error(why); }).join();
}

TEST(CrashDeathTest, SaysWhyAndHidesSecrets) {
  EXPECT_DEATH(crash_in_a_thread("hunter2 is wrong"),
               "^runneld: it crashes: \\(hidden\\) is wrong; please report it\n$");
}

TEST(CrashDeathTest, IsOneLineWhateverThrewIt) {
  EXPECT_DEATH(crash_in_a_thread("a\nb\x1b[m"), "^runneld: it crashes: a.x0ab.x1b.m; please report it\n$");
}

TEST(CrashDeathTest, NeedsNoException) {
  EXPECT_DEATH(
      {
        say_why_it_crashes();
        std::terminate();
      },
      "^runneld: it crashes: no exception; please report it\n$");
}

}  // namespace
}  // namespace runnel::daemon
