#include "support/records.hpp"

#include <runnel/format/formatter.hpp>

#include <gtest/gtest.h>

namespace runnel::format {
namespace {

std::string raw(const delivery::Batch& batch) {
  std::string out;
  EXPECT_EQ(make_formatter({.kind = Kind::raw})->append(batch.records, out, 1 << 20), batch.records.size());
  return out;
}

TEST(Raw, IsTheValueAndANewline) {
  tests::Records records;
  records.add("one", "a key").add("two\nlines").add(std::string("\0\xff\r", 3));
  EXPECT_EQ(raw(records.take()), std::string("one\ntwo\nlines\n\0\xff\r\n", 18));
}

TEST(Raw, ShowsNullAndEmptyAsAnEmptyLine) {
  tests::Records records;
  records.add(std::nullopt).add("");
  EXPECT_EQ(raw(records.take()), "\n\n");
}

TEST(Raw, StopsWhenThereIsEnoughButTakesAtLeastOne) {
  tests::Records records;
  records.add("12345").add("12345").add("12345");
  const auto batch = records.take();
  const auto formatter = make_formatter({.kind = Kind::raw});
  std::string out = "before";
  EXPECT_EQ(formatter->append(batch.records, out, 0), 1);
  EXPECT_EQ(out, "before12345\n");
  EXPECT_EQ(formatter->append(batch.records, out, 18), 1);
  EXPECT_EQ(formatter->append(batch.records, out, 25), 2);
}

TEST(Raw, DoesNotAskForHeaders) {
  EXPECT_FALSE(make_formatter({.kind = Kind::raw})->wants_headers());
}

}  // namespace
}  // namespace runnel::format
