#include "terminal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace runnel::daemon {
namespace {

TEST(Terminal, HasHungUpWhenItsOtherSideWasClosed) {
  const int ours = ::posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(ours, 0);
  ASSERT_EQ(::grantpt(ours), 0);
  ASSERT_EQ(::unlockpt(ours), 0);
  const int theirs = ::open(::ptsname(ours), O_RDWR | O_NOCTTY);
  ASSERT_GE(theirs, 0);
  EXPECT_FALSE(hung_up(theirs));
  ::close(ours);
  EXPECT_TRUE(hung_up(theirs));
  ::close(theirs);
}

TEST(Terminal, IsNoPipeWithoutItsOtherEndNoFileAndNothing) {
  std::array<int, 2> read_end{}, write_end{};
  ASSERT_EQ(::pipe(read_end.data()) + ::pipe(write_end.data()), 0);
  ::close(read_end[1]);
  ::close(write_end[0]);
  EXPECT_FALSE(hung_up(read_end[0]));
  EXPECT_FALSE(hung_up(write_end[1]));
  ::close(read_end[0]);
  EXPECT_FALSE(hung_up(read_end[0])) << "closed";
  const int file = ::open("/dev/null", O_RDONLY);
  EXPECT_FALSE(hung_up(file));
  ::close(file);
  ::close(write_end[1]);
}

}  // namespace
}  // namespace runnel::daemon
