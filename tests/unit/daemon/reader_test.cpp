#include "reader.hpp"

#include <boost/asio/io_context.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>

namespace runnel::daemon {
namespace {

struct Pipe {
  Pipe() { EXPECT_EQ(::pipe(ends.data()), 0); }
  ~Pipe() {
    for (const int end : ends) ::close(end);
  }
  void close_reader() {
    ::close(ends[0]);
    ends[0] = -1;
  }
  std::array<int, 2> ends{};
};

TEST(Reader, HasGoneWhenThePipeIsClosedThoughNothingIsWritten) {
  Pipe pipe;
  async::asio::io_context loop;
  int gone = 0;
  const Reader reader(loop.get_executor(), pipe.ends[1], [&] { ++gone; });
  loop.poll();
  EXPECT_EQ(gone, 0);
  const std::string bytes(65536, 'x');
  EXPECT_EQ(::write(pipe.ends[1], bytes.data(), bytes.size()), 65536);
  loop.poll();
  EXPECT_EQ(gone, 0) << "a full pipe has a reader";
  pipe.close_reader();
  loop.run_for(std::chrono::seconds(10));
  EXPECT_EQ(gone, 1);
}

TEST(Reader, LeavesThePipeBlocking) {
  Pipe pipe;
  async::asio::io_context loop;
  const Reader reader(loop.get_executor(), pipe.ends[1], [] {});
  loop.poll();
  EXPECT_EQ(::fcntl(pipe.ends[1], F_GETFL) & O_NONBLOCK, 0);
}

TEST(Reader, OfWhatIsNoPipeIsNotWatched) {
  async::asio::io_context loop;
  bool gone = false;
  const int file = ::open("/dev/null", O_WRONLY);
  const Reader of_file(loop.get_executor(), file, [&] { gone = true; });
  const Reader of_nothing(loop.get_executor(), -1, [&] { gone = true; });
  loop.run();
  EXPECT_FALSE(gone);
  ::close(file);
}

}  // namespace
}  // namespace runnel::daemon
