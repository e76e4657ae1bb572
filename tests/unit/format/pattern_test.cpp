#include "support/records.hpp"

#include <runnel/format/formatter.hpp>
#include <runnel/format/visible.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

namespace runnel::format {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using What = Pattern::What;
using Piece = Pattern::Piece;

Format of(std::string_view pattern) {
  return {.kind = Kind::pattern, .pattern = Pattern(pattern)};
}

std::string append_all(Formatter& formatter, const delivery::Batch& batch) {
  std::string out;
  EXPECT_EQ(formatter.append(batch.records, out, 1 << 20), batch.records.size());
  return out;
}
std::string written(std::string_view pattern, const delivery::Batch& batch) {
  return append_all(*make_formatter(of(pattern)), batch);
}
std::string on_terminal(std::string_view pattern, const delivery::Batch& batch) {
  return append_all(*make_visible(of(pattern)), batch);
}

std::string text(std::string_view pattern) {
  return written(pattern, tests::Records().add("value").take());
}

delivery::Batch one_of_each() {
  tests::Records records;
  records.in("orders", 3).at(9'007'199'254'740'993);
  records.add("a value", "the key", 1'700'000'000'123, {{"trace", "abc"}, {"trace", ""}, {"none", {}}});
  return records.take();
}
delivery::Batch nulls() {
  return tests::Records().add(std::nullopt).take();
}

std::string refusal(std::string_view pattern) {
  try {
    Pattern{pattern};
  } catch (const PatternError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Pattern, IsReadOnceIntoPieces) {
  EXPECT_THAT(Pattern("%k: 100%% of\\t%s\n").pieces(),
              ElementsAre(Piece{What::key}, Piece{What::text, ": 100% of\t"}, Piece{What::value},
                          Piece{What::text, "\n"}));
  EXPECT_EQ(Pattern().pieces().size(), 0U);
}

TEST(Pattern, HasATokenForEachPartOfARecord) {
  EXPECT_EQ(written("%t [%p] %o %T %k(%K) %h %s(%S)\\n", one_of_each()),
            "orders [3] 9007199254740993 1700000000123 the key(7) trace=abc,trace=,none=NULL a value(7)\n");
}

TEST(Pattern, ShowsNullAsNothingAndItsSizeAsMinusOne) {
  EXPECT_EQ(written("[%k %K %s %S %T %h]", nulls()), "[ -1  -1 -1 ]");
  EXPECT_EQ(written("[%k %K %s %S]", tests::Records().add("", "").take()), "[ 0  0]");
}

TEST(Pattern, GivesTheSizeOfTheValueInFourBytes) {
  using namespace std::string_literals;
  EXPECT_EQ(written("%R", nulls()), "\xff\xff\xff\xff");
  EXPECT_EQ(written("%R", tests::Records().add("").take()), "\0\0\0\0"s);
  EXPECT_EQ(written("%R", tests::Records().add(std::string(0x12345, 'x')).take()), "\0\x01\x23\x45"s);
}

TEST(Pattern, AddsNothingAtTheEnd) {
  tests::Records records;
  records.add("one").add("two");
  EXPECT_EQ(written("%s", records.take()), "onetwo");
}

TEST(Pattern, GivesEveryByteAsItIs) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  EXPECT_EQ(written("%k%s%h", tests::Records().add(bytes, bytes, 0, {{"name", bytes}}).take()),
            bytes + bytes + "name=" + bytes);
}

TEST(Pattern, KnowsTheEscapesOfKcat) {
  EXPECT_EQ(text(R"(\n\r\t\\)"), "\n\r\t\\");
  EXPECT_EQ(text(R"(\x1b[1m\x7c\x9\x09g\x041)"), "\x1b[1m|\t\tgA");
  EXPECT_EQ(text(R"(\'\"\[\é)"), "'\"[é");     // a backslash before what is no letter goes
  EXPECT_EQ(text(R"(a\)"), "a\\");             // at the end it stays
  EXPECT_EQ(text(R"(\%s\%%)"), "\\value\\%");  // and before a token
}

// strtoul(3), base 0.
TEST(Pattern, ReadsNumbersAsKcatDoes) {
  EXPECT_EQ(text(R"(\10\012\0x0A\x0x0a)"), "\n\n\n\n");
  EXPECT_EQ(text(R"(\65\066g\08)"), std::string("A6g\0"
                                                "8",
                                                5));
  EXPECT_EQ(text(R"(\x0aDoor)"),
            "\xad"
            "oor");  // all digits that follow belong to it
}

TEST(Pattern, TakesBytesThatKcatCannot) {
  using namespace std::string_literals;
  EXPECT_EQ(text(R"(\xff\xA0)"), "\xff\xa0");
  EXPECT_EQ(text(R"(a\x00z\0)"), "a\0z\0"s);
  EXPECT_EQ(text(R"(\0xz)"), "\0xz"s);
}

TEST(Pattern, RefusesAnUnknownTokenAndSaysWhatThereIs) {
  const std::string known =
      "; there are %s value, %S its size (-1: null), %R its size in 4 bytes, %k key, %K its size (-1: null), "
      "%T timestamp in ms, %h headers, %t topic, %p partition, %o offset, %% for a %";
  EXPECT_EQ(refusal("%s %q"), "there is no token %q" + known);
  EXPECT_EQ(refusal("100% of"), "there is no token % " + known);
  EXPECT_EQ(refusal("%é"), "there is no token %é" + known);
  EXPECT_EQ(refusal("%\x1b"), "there is no token %\\u001b" + known);
  EXPECT_EQ(refusal("%\xff"), "there is no token %\\xff" + known);
  EXPECT_EQ(refusal("%s%"), "it ends in a lone %" + known);
  EXPECT_EQ(refusal(""), "it is empty, so that nothing would be written" + known);
}

TEST(Pattern, RefusesAnEscapeThatKcatGarbles) {
  const std::string known = R"(; there are \n, \r, \t, \\ and \xHH (a byte in hexadecimal, at most ff))";
  EXPECT_EQ(refusal(R"(%s\e[m)"), R"(there is no escape \e)" + known);
  EXPECT_EQ(refusal(R"(\xg)"), R"(\x is followed by no hexadecimal digit)" + known);
  EXPECT_EQ(refusal(R"(\x%s)"), R"(\x is followed by no hexadecimal digit)" + known);
  EXPECT_EQ(refusal(R"(\x1bc%s)"), R"(\x1bc is no byte (all digits that follow belong to it))" + known);
  EXPECT_EQ(refusal(R"(\256)"), R"(\256 is no byte (all digits that follow belong to it))" + known);
  EXPECT_EQ(refusal(R"(\x1234567890123)"),
            R"(\x1234567890123 is no byte (all digits that follow belong to it))" + known);
}

TEST(Pattern, AsksForHeadersOnlyIfItShowsThem) {
  EXPECT_TRUE(make_formatter(of("%s %h"))->wants_headers());
  EXPECT_FALSE(make_formatter(of("%s %%h"))->wants_headers());
  EXPECT_TRUE(make_visible(of("%h"))->wants_headers());
}

TEST(Pattern, StopsWhenThereIsEnoughButTakesAtLeastOne) {
  const auto batch = tests::Records().add("12345").add("12345").add("12345").take();
  const auto formatter = make_formatter(of("%s\n"));
  std::string out = "before";
  EXPECT_EQ(formatter->append(batch.records, out, 0), 1);
  EXPECT_EQ(out, "before12345\n");
  EXPECT_EQ(formatter->append(batch.records, out, 18), 1);
  EXPECT_EQ(formatter->append(batch.records, out, 25), 2);
}

TEST(Pattern, OnATerminalItsOwnTextGoesAsItIs) {
  EXPECT_EQ(on_terminal("\\x1b[36m%k\\x1b[m\\t%s\\r\\n", tests::Records().add("v é", "k").take()),
            "\x1b[36mk\x1b[m\tv é\r\n");
}

TEST(Pattern, OnATerminalARecordCanForgeNeitherALineNorAnEscape) {
  const std::string nasty = "\n\t\x1b[2J\x9b\xc2\x9b";
  const std::string shown = R"(\u000a\u0009\u001b[2J\x9b\u009b)";
  EXPECT_EQ(on_terminal("%k|%s|%h\\n", tests::Records().add(nasty, nasty, 0, {{nasty, nasty}}).take()),
            shown + '|' + shown + '|' + shown + '=' + shown + '\n');
}

TEST(Pattern, OnATerminalASizeInFourBytesIsNoEscapeEither) {
  EXPECT_EQ(on_terminal("%R", tests::Records().add(std::string(0x1b, 'x')).take()),
            R"(\u0000\u0000\u0000\u001b)");
}

TEST(Pattern, OnATerminalNoCharacterIsMadeOfTwoRecords) {
  EXPECT_EQ(on_terminal("%s", tests::Records().add("\xc2").add("\x9b").take()), R"(\xc2\x9b)");
  EXPECT_EQ(on_terminal("\\xc2%s", tests::Records().add("\x9b").take()), "\xc2\\x9b");
}

}  // namespace
}  // namespace runnel::format
