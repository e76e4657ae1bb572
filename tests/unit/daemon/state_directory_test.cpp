#include "state_directory.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <map>

namespace runnel::daemon {
namespace {

/// In an environment that says nothing of it but what a test sets.
class StateDirectory : public testing::Test {
 protected:
  StateDirectory() {
    for (auto& [name, value] : before_) {
      if (const char* set = std::getenv(name.c_str())) value = set;
      ::unsetenv(name.c_str());
    }
  }
  ~StateDirectory() override {
    for (const auto& [name, value] : before_) ::setenv(name.c_str(), value.c_str(), 1);
  }

  static void set(const char* name, const char* value) { ::setenv(name, value, 1); }

  // Whether it is that one for a user that is not root.
  static void expect_of_a_user(const std::string& directory) {
    const auto as_nobody = [&] {
      if (::geteuid() == 0 && ::setuid(65534) != 0) std::_Exit(2);
      std::_Exit(state_directory("") == directory ? 0 : 1);
    };
    EXPECT_EXIT(as_nobody(), testing::ExitedWithCode(0), "") << directory;
  }

 private:
  std::map<std::string, std::string> before_{{"STATE_DIRECTORY", ""}, {"XDG_STATE_HOME", ""}, {"HOME", ""}};
};

TEST_F(StateDirectory, IsTheOneOfTheConfigurationWhateverTheEnvironmentSays) {
  set("STATE_DIRECTORY", "/var/lib/of-service");
  set("XDG_STATE_HOME", "/home/one/state");
  set("HOME", "/home/one");
  EXPECT_EQ(state_directory("/srv/state"), "/srv/state");
}

TEST_F(StateDirectory, IsTheFirstOfThoseThatSystemdNames) {
  set("XDG_STATE_HOME", "/home/one/state");
  set("STATE_DIRECTORY", "/var/lib/runnel/orders");
  EXPECT_EQ(state_directory(""), "/var/lib/runnel/orders");
  set("STATE_DIRECTORY", "/var/lib/first:/var/lib/second");
  EXPECT_EQ(state_directory(""), "/var/lib/first");
  set("STATE_DIRECTORY", "");
  EXPECT_EQ(state_directory(""), "/home/one/state/runnel");
}

TEST_F(StateDirectory, IsWhereXdgSaysUnlessThatIsRelative) {
  set("HOME", "/home/one");
  set("XDG_STATE_HOME", "/home/one/state");
  expect_of_a_user("/home/one/state/runnel");
  for (const auto* ignored : {"", "state"}) {
    set("XDG_STATE_HOME", ignored);
    expect_of_a_user("/home/one/.local/state/runnel");
  }
}

TEST_F(StateDirectory, IsTheSystemsForRootAndForWhoHasNoHome) {
  expect_of_a_user("/var/lib/runnel");
  if (::geteuid() != 0) GTEST_SKIP() << "what holds for root needs root";
  set("HOME", "/root");
  EXPECT_EQ(state_directory(""), "/var/lib/runnel");
}

}  // namespace
}  // namespace runnel::daemon
