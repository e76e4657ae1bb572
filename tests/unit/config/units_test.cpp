#include <runnel/config/units.hpp>

#include <gtest/gtest.h>

namespace runnel::config {
namespace {

using namespace std::chrono_literals;

TEST(Units, ReadsDurations) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("1s"), 1s);
  EXPECT_EQ(parse_duration("5m"), 5min);
  EXPECT_EQ(parse_duration("2h"), 2h);
  EXPECT_EQ(parse_duration("1d"), 24h);
  EXPECT_EQ(parse_duration("0ms"), 0ms);
}

TEST(Units, ReadsSizes) {
  EXPECT_EQ(parse_size("12B"), Size{12});
  EXPECT_EQ(parse_size("1KiB"), Size{1024});
  EXPECT_EQ(parse_size("64MiB"), Size{64 << 20});
  EXPECT_EQ(parse_size("1MB"), Size{1'000'000});
  EXPECT_EQ(parse_size("3TiB"), Size{3ULL << 40});
}

TEST(Units, ReadsModes) {
  EXPECT_EQ(parse_mode("0640"), Mode{0640});
  EXPECT_EQ(parse_mode("755"), Mode{0755});
}

TEST(Units, RefusesWhatIsNotANumberWithItsUnit) {
  for (const auto* text : {"", "1", "s", "1 s", " 1s", "1.5s", "-1s", "+1s", "1S", "1s ", "1m30s",
                           "9223372036854775807s", "99999999999999999999s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
  for (const auto* text : {"1", "1k", "1kib", "1mb", "-1B", "9000000000TiB"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
  for (const auto* text : {"", "64", "0o640", "06400", "888", "1640", "-64"}) {
    EXPECT_EQ(parse_mode(text), std::nullopt) << text;
  }
}

TEST(Units, PrintsWhatReadsBack) {
  EXPECT_EQ(to_text(Duration(1500)), "1500ms");
  EXPECT_EQ(to_text(Duration(60'000)), "1m");
  EXPECT_EQ(to_text(Duration(0)), "0ms");
  EXPECT_EQ(to_text(Size{64 << 20}), "64MiB");
  EXPECT_EQ(to_text(Size{3'000'000}), "3MB");
  EXPECT_EQ(to_text(Size{1025}), "1025B");
  EXPECT_EQ(to_text(Size{1000}), "1kB");
  EXPECT_EQ(to_text(Mode{0640}), "0640");
  EXPECT_EQ(to_text(Mode{07}), "0007");
}

}  // namespace
}  // namespace runnel::config
