#include <runnel/telemetry/log.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>

namespace runnel::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

std::string written(const std::function<void()>& act) {
  ::testing::internal::CaptureStderr();
  act();
  flush_log(std::chrono::seconds(10));
  return ::testing::internal::GetCapturedStderr();
}

TEST(Log, WearsTheJournalsPriorities) {
  open_log(Dress::journal, Level::debug);
  EXPECT_EQ(written([] {
              debug("flow", "a {}", 1);
              info("flow", "b");
              warn("flow", "c");
              error("flow", "d");
            }),
            "<7>flow: a 1\n<6>flow: b\n<4>flow: c\n<3>flow: d\n");
}

TEST(Log, PlainLinesHaveTimeAndLevel) {
  open_log(Dress::plain, Level::info);
  EXPECT_THAT(written([] { warn("kafka", "no broker"); }),
              MatchesRegex("....-..-.. ..:..:..\\.... warning kafka: no broker\n"));
  EXPECT_THAT(written([] { info("kafka", "up"); }), MatchesRegex(".* info    kafka: up\n"));
}

TEST(Log, ColoursOnlyTheLevel) {
  open_log(Dress::coloured, Level::info);
  EXPECT_THAT(written([] { error("kafka", "gone"); }), HasSubstr("\x1b[m kafka: gone\n"));
}

TEST(Log, HoldsBackWhatIsBelowItsLevel) {
  open_log(Dress::journal, Level::warning);
  EXPECT_EQ(written([] { info("flow", "quiet"); }), "");
  set_level(Level::info);
  EXPECT_EQ(written([] { info("flow", "loud"); }), "<6>flow: loud\n");
}

TEST(Log, ARecordCanForgeNoLineAndNoFormat) {
  open_log(Dress::journal, Level::info);
  EXPECT_EQ(written([] { info("sink", "{}", "x\n<3>forged \x1b[31m {} %v"); }),
            "<6>sink: x\\x0a<3>forged \\x1b[31m {} %v\n");
}

TEST(Log, HidesSecretsInEveryLineAlsoWhereItIsCut) {
  open_log(Dress::journal, Level::debug);
  hide({"hunter2"});
  EXPECT_EQ(
      written([] {
        debug("flow hunter2", "a {}", "hunter2");
        info("flow", "{}hunter2 and more", std::string(3994, 'x'));
      }),
      "<7>flow (hidden): a (hidden)\n<6>flow: " + std::string(3994, 'x') + "(hidde... (11 bytes more)\n");
  EXPECT_EQ(presentable("hunter2\n"), "(hidden)\\x0a");
}

TEST(Log, CutsALineThatHasNoEnd) {
  open_log(Dress::journal, Level::info);
  EXPECT_EQ(written([] { info("flow", "{}", std::string(5000, 'x')); }),
            "<6>flow: " + std::string(4000, 'x') + "... (1000 bytes more)\n");
}

/// Stands in for stderr: a pipe that nobody reads until the test does.
class Pipe {
 public:
  Pipe() {
    EXPECT_EQ(::pipe(ends_), 0);
    EXPECT_GE(::dup2(ends_[1], STDERR_FILENO), 0);
  }
  Pipe(const Pipe&) = delete;
  ~Pipe() {
    ::dup2(before_, STDERR_FILENO);
    for (const int fd : {before_, ends_[0], ends_[1]}) ::close(fd);
  }

  /// All that was written, up to and with what is waited for.
  const std::string& until(std::string_view end) {
    while (!all_.ends_with(end)) {
      if (unread_.empty()) {
        const auto size = ::read(ends_[0], piece_, sizeof piece_);
        if (size <= 0) break;
        unread_ = std::string_view(piece_, static_cast<std::size_t>(size));
      }
      all_ += unread_.front();
      unread_.remove_prefix(1);
    }
    return all_;
  }

  void fill() {
    for (int i = 0; i < 20; ++i) info("flow", "{:0>4000}", i);
  }

 private:
  int ends_[2];
  int before_ = ::dup(STDERR_FILENO);
  std::string all_;
  char piece_[4096];
  std::string_view unread_;  // of the piece
};

TEST(Log, TheStatusStandsBelowTheLines) {
  open_log(Dress::journal, Level::info);
  Pipe pipe;
  show_status("idle");
  pipe.until("idle");
  info("flow", "a");
  EXPECT_EQ(pipe.until("a\nidle"), "idle\r\x1b[K<6>flow: a\nidle");
  show_status("busy");
  EXPECT_EQ(pipe.until("busy"), "idle\r\x1b[K<6>flow: a\nidle\r\x1b[Kbusy");
  flush_log(std::chrono::seconds(10));
}

TEST(Log, TheStatusHidesSecretsToo) {
  open_log(Dress::journal, Level::info);
  hide({"hunter2"});
  Pipe pipe;
  show_status("hunter2");
  EXPECT_EQ(pipe.until(")"), "(hidden)");
  flush_log(std::chrono::seconds(10));
}

TEST(Log, TheStatusIsGoneWhenTheProcessIs) {
  open_log(Dress::journal, Level::info);
  Pipe pipe;
  show_status("idle");
  pipe.until("idle");
  flush_log(std::chrono::seconds(10));
  EXPECT_EQ(pipe.until("\x1b[K"), "idle\r\x1b[K");
}

TEST(Log, NobodyWhoLogsWaitsForAReader) {
  open_log(Dress::journal, Level::info);
  Pipe pipe;
  for (int i = 0; i < 5000; ++i) info("flow", "{:0>200}", i);
  flush_log(std::chrono::milliseconds(1));
  pipe.until(fmt::format("{:0>200}\n", 1000));
  flush_log(std::chrono::milliseconds(1));
  info("flow", "the last one");
  EXPECT_THAT(pipe.until("the last one\n"), HasSubstr(" lines of the log are missing here"));
}

TEST(Log, AStatusThatNobodySeesTakesNoPlaceOfALine) {
  open_log(Dress::journal, Level::info);
  Pipe pipe;
  pipe.fill();
  for (int i = 0; i < 2000; ++i) show_status(std::to_string(i));
  info("flow", "the last one");
  EXPECT_THAT(pipe.until("the last one\n"), Not(HasSubstr("missing")));
  EXPECT_THAT(pipe.until("1999"), HasSubstr("the last one\n1999"));
  flush_log(std::chrono::seconds(10));
}

TEST(Printable, KeepsUtf8) {
  EXPECT_EQ(printable("plain, Grüße, 日本, 😀"), "plain, Grüße, 日本, 😀");
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, EscapesControls) {
  EXPECT_EQ(printable(std::string_view("\0\t\r\n\x1b\x7f", 6)), "\\x00\\x09\\x0d\\x0a\\x1b\\x7f");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "\\xc2\\x9b31m");
  EXPECT_EQ(printable("\xE2\x80\xA8"), "\\xe2\\x80\\xa8");
  EXPECT_EQ(printable("\xE2\x80\xAE\xE2\x81\xA6"), "\\xe2\\x80\\xae\\xe2\\x81\\xa6");
}

TEST(Printable, EscapesWhatIsNotUtf8) {
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("a\xC3"), "a\\xc3");
  EXPECT_EQ(printable("\xC0\xAF"), "\\xc0\\xaf");
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80");
  EXPECT_EQ(printable("\xE2\x82"), "\\xe2\\x82");
  EXPECT_EQ(printable("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(printable("\xE0\x80\xAF"), "\\xe0\\x80\\xaf");
}

}  // namespace
}  // namespace runnel::telemetry
