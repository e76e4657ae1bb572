#include "sinks/stdout.hpp"

#include "support/records.hpp"
#include "support/run.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <future>
#include <optional>

namespace runnel::sinks {
namespace {

using flow::Outcome;

// Two ends: the sink writes to one, the test reads the other.
struct Ends {
  int reader = -1;
  int writer = -1;

  ~Ends() {
    hang_up();
    close_writer();
  }
  void hang_up() { close_one(reader); }
  void close_writer() { close_one(writer); }

  std::string read_exactly(std::size_t size) const {
    std::string bytes(size, '\0');
    for (std::size_t got = 0; got < size;) {
      const auto count = ::read(reader, bytes.data() + got, size - got);
      if (count <= 0) throw std::runtime_error("the other end was closed after " + std::to_string(got));
      got += static_cast<std::size_t>(count);
    }
    return bytes;
  }

  void await_bytes() const {
    pollfd readable{reader, POLLIN, 0};
    EXPECT_EQ(::poll(&readable, 1, 10'000), 1);
  }

  std::string read_to_end() const {
    std::string all;
    std::array<char, 65536> part;
    for (ssize_t count; (count = ::read(reader, part.data(), part.size())) > 0;) {
      all.append(part.data(), static_cast<std::size_t>(count));
    }
    return all;
  }

 private:
  static void close_one(int& fd) {
    if (fd >= 0) ::close(std::exchange(fd, -1));
  }
};

std::unique_ptr<Ends> make_pipe() {
  std::array<int, 2> fds{};
  EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC), 0);
  auto ends = std::make_unique<Ends>();
  ends->reader = fds[0];
  ends->writer = fds[1];
  return ends;
}

std::unique_ptr<Ends> make_terminal() {
  auto ends = std::make_unique<Ends>();
  termios raw{};
  ::cfmakeraw(&raw);
  EXPECT_EQ(::openpty(&ends->reader, &ends->writer, nullptr, &raw, nullptr), 0);
  return ends;
}

class Stdout : public testing::Test {
 protected:
  Stdout() { std::signal(SIGPIPE, SIG_IGN); }

  StdoutSink& sink(int fd, std::string format = "raw", std::optional<std::string> pattern = {}) {
    StdoutOptions options;
    options.format = std::move(format);
    options.pattern = std::move(pattern);
    return made_.emplace(fd, options, Context{"console", "flow", loop_.get_executor(), clock_});
  }

  flow::Delivered deliver(const delivery::Batch& batch) {
    flow::Hurry patient;
    return tests::run(loop_, made_->deliver(batch, patient));
  }

  // Delivers until `moment` returns, and then nobody waits for it any more.
  template <class Moment>
  flow::Delivered deliver_until(const delivery::Batch& batch, Moment moment) {
    flow::Hurry hurry;
    auto delivering = tests::start(loop_, made_->deliver(batch, hurry));
    moment();
    hurry.no_later_than(clock_.now());
    return tests::finish(loop_, delivering);
  }
  flow::Delivered deliver_in_a_hurry(const delivery::Batch& batch) {
    return deliver_until(batch, [] {});
  }

  async::asio::io_context loop_;
  flow::RealClock clock_;
  tests::Records records_;
  std::optional<StdoutSink> made_;
};

const std::string mebibyte(1 << 20, 'x');

TEST_F(Stdout, WritesEveryByteIntoAPipe) {
  const auto pipe = make_pipe();
  sink(pipe->writer);
  const std::string binary("\0\x1b[2J\xff\r\n\n", 9);
  records_.add("one").add(std::nullopt).add("").add(binary).add("two\nlines");
  const auto batch = records_.take();
  EXPECT_EQ(deliver(batch).outcome, Outcome::done);
  pipe->close_writer();
  EXPECT_EQ(pipe->read_to_end(), "one\n\n\n" + binary + "\ntwo\nlines\n");
}

TEST_F(Stdout, WritesMoreThanThePipeHoldsWhileItIsRead) {
  const auto pipe = make_pipe();
  sink(pipe->writer);
  std::string expected;
  for (int i = 0; i < 40'000; ++i) {
    const auto value = std::to_string(i) + std::string(static_cast<std::size_t>(i % 300), 'v');
    records_.add(value);
    expected += value + '\n';
  }
  records_.add(mebibyte).add("last");
  expected += mebibyte + "\nlast\n";
  auto reader = std::async(std::launch::async, [&] { return pipe->read_to_end(); });
  EXPECT_EQ(deliver(records_.take()).outcome, Outcome::done);
  pipe->close_writer();
  EXPECT_TRUE(reader.get() == expected);
}

TEST_F(Stdout, IsClosedWhenTheReaderIsGone) {
  const auto pipe = make_pipe();
  sink(pipe->writer);
  pipe->hang_up();
  const auto result = deliver(records_.add("nobody").take());
  EXPECT_EQ(result.outcome, Outcome::closed);
  EXPECT_EQ(result.reason, "standard output: Broken pipe");
}

TEST_F(Stdout, FailsOnAFullDiskAndSaysWhy) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  sink(full);
  const auto result = deliver(records_.add("value").take());
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.reason, "standard output: No space left on device");
  ::close(full);
}

TEST_F(Stdout, GoesOnWhenSomebodyElseMadeItNonBlocking) {
  const auto pipe = make_pipe();
  ASSERT_EQ(::fcntl(pipe->writer, F_SETFL, O_NONBLOCK), 0);
  sink(pipe->writer);
  auto reader = std::async(std::launch::async, [&] { return pipe->read_to_end(); });
  EXPECT_EQ(deliver(records_.add(mebibyte).take()).outcome, Outcome::done);
  pipe->close_writer();
  EXPECT_TRUE(reader.get() == mebibyte + '\n');
}

TEST_F(Stdout, NeverMakesItNonBlockingItself) {
  const auto terminal = make_terminal();
  const auto flags = ::fcntl(terminal->writer, F_GETFL);
  sink(terminal->writer);
  EXPECT_EQ(deliver(records_.add("value").take()).outcome, Outcome::done);
  EXPECT_EQ(::fcntl(terminal->writer, F_GETFL), flags);
}

TEST_F(Stdout, IsLateWhileNobodyReadsAndThenEndsTheLineItHadBegun) {
  const auto pipe = make_pipe();
  const auto room = static_cast<std::size_t>(::fcntl(pipe->writer, F_GETPIPE_SZ));
  sink(pipe->writer);
  const std::string whole = mebibyte + '\n';
  const auto batch = records_.add(mebibyte).add("never written").take();
  std::string begun;
  const auto begin = [&] { begun = pipe->read_exactly(room); };
  EXPECT_EQ(deliver_until(batch, begin).outcome, Outcome::late);
  // A blocked write is not taken back: the next call finds it under way.
  EXPECT_EQ(deliver_in_a_hurry(records_.at(0).add("too early").take()).outcome, Outcome::late);
  auto reader = std::async(std::launch::async, [&] { return pipe->read_to_end(); });
  EXPECT_EQ(deliver(records_.at(0).add("rewound").take()).outcome, Outcome::done);
  pipe->close_writer();
  EXPECT_TRUE(begun + reader.get() == whole + "rewound\n");
}

TEST_F(Stdout, ResumesAtTheByteWhenTheSameBatchComesAgain) {
  const auto pipe = make_pipe();
  const auto room = static_cast<std::size_t>(::fcntl(pipe->writer, F_GETPIPE_SZ));
  sink(pipe->writer);
  const auto batch = records_.add("a" + mebibyte).add("b" + mebibyte).add("c").take();
  std::string begun;
  const auto begin = [&] { begun = pipe->read_exactly(room); };
  EXPECT_EQ(deliver_until(batch, begin).outcome, Outcome::late);
  auto reader = std::async(std::launch::async, [&] { return pipe->read_to_end(); });
  EXPECT_EQ(deliver(batch).outcome, Outcome::done);
  pipe->close_writer();
  EXPECT_TRUE(begun + reader.get() == "a" + mebibyte + "\nb" + mebibyte + "\nc\n");
}

TEST_F(Stdout, DropsAGivenUpBatchBetweenTwoLinesWithoutATrace) {
  const auto pipe = make_pipe();
  ASSERT_EQ(::fcntl(pipe->writer, F_SETFL, O_NONBLOCK), 0);
  sink(pipe->writer);
  const auto room = static_cast<std::size_t>(::fcntl(pipe->writer, F_GETPIPE_SZ));
  // The first line fills the pipe to its last byte, so nothing of the second is begun.
  const std::string line(room - 1, 'l');
  const auto batch = records_.add(line).add("dropped").take();
  EXPECT_EQ(deliver_until(batch, [&] { pipe->await_bytes(); }).outcome, Outcome::late);
  EXPECT_EQ(deliver_in_a_hurry(records_.at(0).add("dropped too").take()).outcome, Outcome::late);
  auto reader = std::async(std::launch::async, [&] { return pipe->read_to_end(); });
  EXPECT_EQ(deliver(records_.at(0).add("rewound").take()).outcome, Outcome::done);
  pipe->close_writer();
  EXPECT_TRUE(reader.get() == line + "\nrewound\n");
}

TEST_F(Stdout, EndsALineOfWhichOnlyAPartFoundRoom) {
  const auto pipe = make_pipe();
  ASSERT_EQ(::fcntl(pipe->writer, F_SETFL, O_NONBLOCK), 0);
  sink(pipe->writer);
  const auto batch = records_.add("long " + mebibyte).add("dropped").take();
  EXPECT_EQ(deliver_until(batch, [&] { pipe->await_bytes(); }).outcome, Outcome::late);
  auto reader = std::async(std::launch::async, [&] { return pipe->read_to_end(); });
  EXPECT_EQ(deliver(records_.at(0).add("rewound").take()).outcome, Outcome::done);
  pipe->close_writer();
  EXPECT_TRUE(reader.get() == "long " + mebibyte + "\nrewound\n");
}

TEST_F(Stdout, ShowsOnATerminalWhatCouldSteerIt) {
  const auto terminal = make_terminal();
  sink(terminal->writer);
  EXPECT_EQ(deliver(records_.add("\x1b]0;owned\x07 Grüße\t!\nx").take()).outcome, Outcome::done);
  const std::string shown = "\\u001b]0;owned\\u0007 Grüße\t!\nx\n";
  EXPECT_EQ(terminal->read_exactly(shown.size()), shown);
}

TEST_F(Stdout, TellsAPatternsOwnTextFromTheRecordsOnATerminal) {
  const auto terminal = make_terminal();
  sink(terminal->writer, "pattern", R"(\x1b[1m%o\x1b[m\t%s\n)");
  EXPECT_EQ(deliver(records_.add("x\n\x1b[1m7\x1b[m\tforged").take()).outcome, Outcome::done);
  const std::string shown = "\x1b[1m0\x1b[m\tx\\u000a\\u001b[1m7\\u001b[m\\u0009forged\n";
  EXPECT_EQ(terminal->read_exactly(shown.size()), shown);
}

TEST_F(Stdout, GivesAPatternsBytesUnchangedIntoAPipe) {
  const auto pipe = make_pipe();
  sink(pipe->writer, "pattern", R"(\x1b[1m%R%s)");
  EXPECT_EQ(deliver(records_.add("\n\x1b\xff").add(std::nullopt).take()).outcome, Outcome::done);
  pipe->close_writer();
  const std::string bold = "\x1b[1m";
  EXPECT_EQ(pipe->read_to_end(), bold + std::string("\0\0\0\x03\n\x1b\xff", 7) + bold + "\xff\xff\xff\xff");
}

TEST_F(Stdout, IsDoneWithABatchOfWhichAPatternMakesNothing) {
  const auto pipe = make_pipe();
  sink(pipe->writer, "pattern", "%s");
  EXPECT_EQ(deliver(records_.add(std::nullopt).add("").take()).outcome, Outcome::done);
  EXPECT_EQ(deliver(records_.add("value").take()).outcome, Outcome::done);
  pipe->close_writer();
  EXPECT_EQ(pipe->read_to_end(), "value");
}

TEST_F(Stdout, IsHeldBackByAStoppedTerminalAndLosesNothing) {
  const auto terminal = make_terminal();
  sink(terminal->writer);
  ASSERT_EQ(::tcflow(terminal->writer, TCOOFF), 0);
  const auto batch = records_.add("held back").take();
  EXPECT_EQ(deliver_in_a_hurry(batch).outcome, Outcome::late);
  ASSERT_EQ(::tcflow(terminal->writer, TCOON), 0);
  EXPECT_EQ(deliver(batch).outcome, Outcome::done);
  EXPECT_EQ(terminal->read_exactly(10), "held back\n");
}

TEST_F(Stdout, IsClosedWhenTheTerminalHangsUp) {
  const auto terminal = make_terminal();
  sink(terminal->writer);
  terminal->hang_up();
  EXPECT_EQ(deliver(records_.add("value").take()).outcome, Outcome::closed);
}

TEST_F(Stdout, StopsAtTheDeadlineThoughAWriteIsBlocked) {
  const auto pipe = make_pipe();
  sink(pipe->writer);
  const auto batch = records_.add(mebibyte).take();
  EXPECT_EQ(deliver_until(batch, [&] { pipe->await_bytes(); }).outcome, Outcome::late);
  flow::Hurry hurry;
  hurry.no_later_than(clock_.now());
  tests::run(loop_, made_->stop(hurry));
  pipe->hang_up();  // lets the write go, so that the sink can be destroyed
  made_.reset();
}

TEST_F(Stdout, KeepsABatchAliveWhileItIsWrittenAndNoLonger) {
  const auto pipe = make_pipe();
  sink(pipe->writer);
  auto batch = records_.add(mebibyte).take();
  const std::weak_ptr<const void> owner = batch.owner;
  EXPECT_EQ(deliver_until(batch, [&] { pipe->await_bytes(); }).outcome, Outcome::late);
  batch = {};
  EXPECT_FALSE(owner.expired());
  auto reader = std::async(std::launch::async, [&] { return pipe->read_to_end(); });
  EXPECT_EQ(deliver(records_.add("next").take()).outcome, Outcome::done);
  EXPECT_TRUE(owner.expired());
  pipe->close_writer();
  EXPECT_THAT(reader.get(), testing::EndsWith("next\n"));
}

}  // namespace
}  // namespace runnel::sinks
