#include <runnel/format/syslog.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <iterator>
#include <limits>
#include <string>

namespace runnel::format {
namespace {

using namespace std::chrono_literals;
using std::string_literals::operator""s;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using Form = SyslogParams::Form;

constexpr std::chrono::sys_days epoch{};
constexpr std::int64_t ninth_of_may = 1'778'316'301'007;  // 2026-05-09T08:45:01.007Z

class Syslog : public testing::Test {
 protected:
  Syslog() {
    ::setenv("TZ", "Asia/Kathmandu", 1);  // 5:45 east of UTC
    ::tzset();
  }
  ~Syslog() override {
    ::unsetenv("TZ");
    ::tzset();
  }

  std::string frame(std::string_view message, bool whole = true) {
    SyslogFrames frames(params_);
    std::string out;
    EXPECT_EQ(frames.append(record_, message, now_, out), whole);
    return out;
  }

  delivery::Partition partition_{"orders", 3};
  delivery::Record record_{&partition_, 42, ninth_of_may, {}, {}, {}};
  std::chrono::system_clock::time_point now_ = epoch + 1h;
  SyslogParams params_{.form = Form::rfc5424,
                       .priority = 30,
                       .app_name = "runnel",
                       .hostname = "host.example",
                       .pid = 4711,
                       .most = 8192};
};

constexpr auto rfc5424_hello =
    "<30>1 2026-05-09T08:45:01.007Z host.example runnel 4711 - [runnel@32473 topic=\"orders\" "
    "partition=\"3\" "
    "offset=\"42\"] hello";

TEST_F(Syslog, FramesByRfc5424SayWhereTheRecordComesFrom) {
  EXPECT_EQ(frame("hello"), rfc5424_hello);
}

TEST_F(Syslog, FramesInAStreamAreCounted) {
  params_.form = Form::counted;
  const auto length = std::to_string(std::string(rfc5424_hello).size());
  EXPECT_EQ(frame("hello"), length + " " + rfc5424_hello);
}

TEST_F(Syslog, LocalFramesAreThoseOfSyslog3InLocalTime) {
  params_.form = Form::local;
  EXPECT_EQ(frame("hello"), "<30>May  9 14:30:01 runnel[4711]: hello");
}

TEST_F(Syslog, ManyFramesFollowEachOtherAndEachHasItsOwnTime) {
  params_.form = Form::local;
  SyslogFrames frames(params_);
  std::string out;
  for (const int seconds : {0, 0, 1, 0}) {
    record_.timestamp_ms = ninth_of_may + seconds * 1000;
    frames.append(record_, "x\n", now_, out);
  }
  EXPECT_EQ(out,
            "<30>May  9 14:30:01 runnel[4711]: x\n<30>May  9 14:30:01 runnel[4711]: x\n"
            "<30>May  9 14:30:02 runnel[4711]: x\n<30>May  9 14:30:01 runnel[4711]: x\n");
}

TEST_F(Syslog, ARecordWithoutATimeOrWithAnImpossibleOneHasTheMomentsTime) {
  for (const auto time :
       {std::int64_t{-1}, std::int64_t{-5}, std::int64_t{253'402'300'800'000},
        std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    record_.timestamp_ms = time;
    EXPECT_THAT(frame("x"), StartsWith("<30>1 1970-01-01T01:00:00.000Z ")) << time;
  }
  record_.timestamp_ms = 253'402'300'799'999;
  EXPECT_THAT(frame("x"), StartsWith("<30>1 9999-12-31T23:59:59.999Z "));
  record_.timestamp_ms = 0;
  EXPECT_THAT(frame("x"), StartsWith("<30>1 1970-01-01T00:00:00.000Z "));
}

TEST_F(Syslog, TheMessageGoesAsItIsButForNul) {
  const auto message = "\x1b[2J\xff\r\ntwo <13>lines] é \0 and\0"s;
  const auto clean = "\x1b[2J\xff\r\ntwo <13>lines] é #000 and#000"s;
  for (const auto form : {Form::local, Form::rfc5424, Form::counted}) {
    params_.form = form;
    EXPECT_THAT(frame(message), EndsWith((form == Form::local ? "]: " : "] ") + clean));
  }
}

TEST_F(Syslog, ATopicCannotEndTheStructuredData) {
  partition_.topic = "a\"b\\c]d";
  EXPECT_THAT(frame("x"), HasSubstr(R"( - [runnel@32473 topic="a\"b\\c\]d" partition="3" offset="42"] x)"));
}

TEST_F(Syslog, AHostnameThatMayNotStandInAFrameDoesNot) {
  for (const std::string name : {"", "two words", "gr\xc3\xbc", "a\nb"}) {
    params_.hostname = name;
    EXPECT_THAT(frame("x"), HasSubstr("Z - runnel ")) << name;
  }
  params_.hostname = std::string(256, 'h');
  EXPECT_THAT(frame("x"), HasSubstr("Z - runnel "));
}

TEST_F(Syslog, WhatAFrameCannotHoldIsCutAtACharacter) {
  params_.most = 1024;
  for (const auto form : {Form::local, Form::rfc5424, Form::counted}) {
    params_.form = form;
    const auto empty = frame("").size() - (form == Form::counted ? 4 : 0);  // "107 "
    const auto room = params_.most - empty;
    const auto whole = std::string(room, 'x');
    EXPECT_THAT(frame(whole), EndsWith(whole));
    const auto counted = form == Form::counted ? "1024 "s : ""s;
    EXPECT_EQ(frame(whole).size(), 1024 + counted.size());
    EXPECT_THAT(frame(whole), StartsWith(counted));
    EXPECT_EQ(frame(whole + "y", false), frame(whole));
    EXPECT_THAT(frame(whole.substr(1) + "é", false), EndsWith(" " + whole.substr(1)));
  }
}

TEST_F(Syslog, NulsAreCountedAsWhatTheyBecome) {
  params_.most = 1024;
  EXPECT_EQ(frame(std::string(1000, '\0'), false).size(), 1024);
}

TEST_F(Syslog, TheLongestHeaderLeavesRoomForAMessage) {
  partition_ = {std::string(249, '"'), std::numeric_limits<std::int32_t>::max()};
  record_.offset = std::numeric_limits<std::int64_t>::max();
  params_.hostname = std::string(255, 'h');
  params_.app_name = std::string(48, 'a');
  params_.pid = 4'194'304;
  params_.most = 1024;
  EXPECT_THAT(frame("hello"), EndsWith("\"] hello"));
}

TEST(SyslogCut, EndsNowhereWithinACharacter) {
  const std::string text = "aé漢😀z";  // 1, 2, 3, 4 and 1 bytes
  const std::size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
  for (std::size_t most = 0; most < std::size(expected); ++most)
    EXPECT_EQ(cut_at_character(text, most), text.substr(0, expected[most])) << most;
}

TEST(SyslogCut, TakesBytesThatAreNoTextAsTheyAre) {
  for (const std::string text : {"\xff\xff\xff\xff", "\x80\x80\x80\x80", "ab\xe6\xbc", "\xf0\x9f\x98\xc3"})
    EXPECT_EQ(cut_at_character(text + "z", 4), text);
}

TEST(SyslogPriority, IsFacilityTimesEightPlusSeverity) {
  EXPECT_EQ(syslog_priority("user", "emerg"), 8);
  EXPECT_EQ(syslog_priority("daemon", "info"), 30);
  EXPECT_EQ(syslog_priority("authpriv", "err"), 83);
  EXPECT_EQ(syslog_priority("local0", "notice"), 133);
  EXPECT_EQ(syslog_priority("local7", "debug"), 191);
  EXPECT_EQ(syslog_priority("", "info"), std::nullopt);
  EXPECT_EQ(syslog_priority("daemon", "loud"), std::nullopt);
  EXPECT_EQ(syslog_priority("kern", "info"), std::nullopt);
}

TEST(SyslogName, IsWhatEveryReceiverTakesAsOneWord) {
  for (const std::string name : {"runnel", "a", "My_app-2.x"}) EXPECT_TRUE(is_syslog_name(name)) << name;
  for (const std::string name : {"", "two words", "a:b", "a[1]", "é", "a/b", "a\n"})
    EXPECT_FALSE(is_syslog_name(name)) << name;
  EXPECT_TRUE(is_syslog_name(std::string(48, 'a')));
  EXPECT_FALSE(is_syslog_name(std::string(49, 'a')));
}

}  // namespace
}  // namespace runnel::format
