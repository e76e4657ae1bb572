#include <runnel/telemetry/log.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>

namespace runnel::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

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
  EXPECT_EQ(written([] {
              debug("flow hunter2", "a {}", "hunter2");
              show_status("hunter2");
              info("flow", "{}hunter2 and more", std::string(3994, 'x'));
            }),
            "<7>flow (hidden): a (hidden)\n\r\x1b[K(hidden)\r\x1b[K<6>flow: " + std::string(3994, 'x') +
                "(hidde... (11 bytes more)\n");
  EXPECT_EQ(presentable("hunter2\n"), "(hidden)\\x0a");
}

TEST(Log, CutsALineThatHasNoEnd) {
  open_log(Dress::journal, Level::info);
  EXPECT_EQ(written([] { info("flow", "{}", std::string(5000, 'x')); }),
            "<6>flow: " + std::string(4000, 'x') + "... (1000 bytes more)\n");
}

TEST(Log, ALineTakesThePlaceOfTheStatus) {
  open_log(Dress::journal, Level::info);
  EXPECT_EQ(written([] {
              show_status("idle");
              info("flow", "a");
              info("flow", "b");
            }),
            "\r\x1b[Kidle\r\x1b[K<6>flow: a\n<6>flow: b\n");
}

TEST(Log, TheStatusIsGoneWhenTheProcessIs) {
  open_log(Dress::journal, Level::info);
  EXPECT_EQ(written([] {
              show_status("idle");
              flush_log(std::chrono::milliseconds(500));
            }),
            "\r\x1b[Kidle\r\x1b[K");
}

// stderr is a pipe that is full, and nobody reads it until all was logged.
TEST(Log, NobodyWhoLogsWaitsForAReader) {
  open_log(Dress::journal, Level::info);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const int stderr_before = ::dup(STDERR_FILENO);
  ASSERT_GE(::dup2(ends[1], STDERR_FILENO), 0);
  for (int i = 0; i < 5000; ++i) info("flow", "{:0>200}", i);
  flush_log(std::chrono::milliseconds(1));

  std::string all;
  const auto read_on = [&](std::string_view until) {
    char piece[4096];
    while (all.find(until) == std::string::npos) {
      const auto size = ::read(ends[0], piece, sizeof piece);
      ASSERT_GT(size, 0);
      all.append(piece, static_cast<std::size_t>(size));
    }
  };
  read_on(fmt::format("{:0>200}\n", 1000));
  flush_log(std::chrono::milliseconds(1));
  info("flow", "the last one");
  read_on("the last one\n");
  ::dup2(stderr_before, STDERR_FILENO);
  ::close(stderr_before);
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_THAT(all, HasSubstr(" lines of the log are missing here"));
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
