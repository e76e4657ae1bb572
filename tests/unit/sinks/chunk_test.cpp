#include "sinks/chunk.hpp"

#include "support/records.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace runnel::sinks {
namespace {

Chunk chunk() {
  return Chunk(format::make_formatter({.kind = format::Kind::raw}));
}

TEST(Chunk, EndsTheLineThatWasBegunWhereverWritingStopped) {
  const std::string all = "one\n\nthree\nfour\n";
  for (std::size_t written = 0; written < all.size(); ++written) {
    auto batch = tests::Records().add("one").add("").add("three").add("four").take();
    auto out = chunk();
    auto first = batch.records.first(2), second = batch.records.subspan(2);
    out.fill(first);
    out.fill(second);
    EXPECT_EQ(out.rest(), all);
    out.wrote(written);
    out.drop_unbegun();
    batch = {};          // it is not looked at any more
    out.drop_unbegun();  // and the line is not forgotten by being given up twice
    const std::size_t line = written == 0 ? 0 : all.find('\n', written - 1) + 1;
    EXPECT_EQ(out.rest(), all.substr(written, line - written)) << written;
    EXPECT_EQ(out.empty(), written == line) << written;
  }
}

TEST(Chunk, ForgetsRecordsOfWhichItMakesNothing) {
  Chunk out(format::make_formatter({.kind = format::Kind::pattern, .pattern = format::Pattern("%s")}));
  std::vector<delivery::Record> nothing(2);
  std::span<const delivery::Record> left(nothing);
  out.fill(left);
  EXPECT_TRUE(left.empty());
  EXPECT_TRUE(out.empty());
  for (auto& record : nothing) record.value = "looked at again";
  auto batch = tests::Records().add("begun").add("dropped").take();
  out.fill(batch.records);
  out.wrote(1);
  out.drop_unbegun();
  EXPECT_EQ(out.rest(), "egun");
}

TEST(Chunk, TakesRecordsUntilItIsFull) {
  tests::Records records;
  for (int i = 0; i < 3000; ++i) records.add(std::string(999, 'x'));
  const auto batch = records.take();
  auto out = chunk();
  auto left = batch.records;
  out.fill(left);
  EXPECT_TRUE(out.full());
  EXPECT_EQ(out.rest().size(), 263'000);
  EXPECT_EQ(left.size(), 3000 - 263);
  out.wrote(263'000);
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace runnel::sinks
