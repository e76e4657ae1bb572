#include "support/records.hpp"

#include <runnel/format/visible.hpp>

#include <gtest/gtest.h>

namespace runnel::format {
namespace {

std::string visible(std::string_view text) {
  std::string out;
  append_visible(text, out);
  return out;
}

TEST(Visible, LeavesTextAsItIs) {
  EXPECT_EQ(visible("a\tb\nGrüße 😀\n"), "a\tb\nGrüße 😀\n");
}

TEST(Visible, ShowsEveryControlCharacterButNewlineAndTab) {
  EXPECT_EQ(visible("\x1b]0;title\x07"), "\\u001b]0;title\\u0007");
  EXPECT_EQ(visible("over\rwritten\x7f"), "over\\u000dwritten\\u007f");
  EXPECT_EQ(visible(std::string_view("\0\b", 2)), "\\u0000\\u0008");
}

TEST(Visible, ShowsC1ControlsWhichSteerATerminalToo) {
  EXPECT_EQ(visible("\xc2\x9b"
                    "31m\xc2\x80\xc2\x9f\xc2\xa0"),
            "\\u009b31m\\u0080\\u009f\xc2\xa0");
}

TEST(Visible, ShowsWhatTurnsTheOrderOfTheTextBehindIt) {
  EXPECT_EQ(visible("a\xe2\x80\xae"
                    "b\xe2\x81\xa6\xe2\x81\xa9"),
            "a\\u202eb\\u2066\\u2069");
  EXPECT_EQ(visible("\xe2\x80\xa9\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa"),
            "\xe2\x80\xa9\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa");
}

TEST(Visible, ShowsBytesThatAreNotUtf8) {
  EXPECT_EQ(visible("\x9b"
                    "31m\xff"),
            "\\x9b31m\\xff");
  EXPECT_EQ(visible("\xe2\x82"), "\\xe2\\x82");           // unfinished
  EXPECT_EQ(visible("\xc0\x9b"), "\\xc0\\x9b");           // overlong
  EXPECT_EQ(visible("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
}

TEST(Visible, ShowsNewlineAndTabInALine) {
  std::string out;
  append_visible_in_line("a\tb\n\x1b[mGrüße\xff", out);
  EXPECT_EQ(out, "a\\u0009b\\u000a\\u001b[mGrüße\\xff");
}

TEST(Visible, WrapsAFormatterAndKeepsItsBounds) {
  tests::Records records;
  records.add("\x1b[2J").add("x").add("y");
  const auto batch = records.take();
  std::string out = "123";
  const auto formatter = make_visible({.kind = Kind::raw});
  EXPECT_EQ(formatter->append(batch.records, out, 10), 2);
  EXPECT_EQ(out, "123\\u001b[2J\nx\n");
  EXPECT_EQ(formatter->append(batch.records.subspan(2), out, 1), 1);
}

}  // namespace
}  // namespace runnel::format
