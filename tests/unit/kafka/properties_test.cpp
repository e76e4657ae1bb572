#include <runnel/kafka/properties.hpp>

#include <gtest/gtest.h>

namespace runnel::kafka {
namespace {

TEST(Properties, AValueThatLibrdkafkaRefusesIsNamed) {
  try {
    check(Side::consumer, {{"session.timeout.ms", "soon"}});
    FAIL() << "it took the value";
  } catch (const PropertyError& error) {
    EXPECT_EQ(error.property, "session.timeout.ms");
    EXPECT_NE(std::string(error.what()).find("session.timeout.ms"), std::string::npos);
  }
}

TEST(Properties, WhatLibrdkafkaRefusesAsAWholeComesWithItsReason) {
  try {
    check(Side::producer, {{"acks", "1"}});  // against enable.idempotence, which is our default
    FAIL() << "it took the value";
  } catch (const PropertyError& error) {
    EXPECT_EQ(error.property, "");
    EXPECT_NE(std::string(error.what()).find("acks"), std::string::npos);
  }
}

TEST(Properties, BrokersAreNotAskedForByACheck) {
  EXPECT_NO_THROW(check(Side::consumer, {{"bootstrap.servers", "no.such.host:1"}, {"group.id", "g"}}));
}

TEST(Properties, EachSideGetsOnlyItsOwnAndWhatNobodyKnows) {
  const Properties all = {{"group.id", "g"}, {"linger.ms", "5"}, {"client.id", "c"}, {"no.such", "x"}};
  EXPECT_EQ(only_for(Side::consumer, all),
            (Properties{{"group.id", "g"}, {"client.id", "c"}, {"no.such", "x"}}));
  EXPECT_EQ(only_for(Side::producer, all),
            (Properties{{"linger.ms", "5"}, {"client.id", "c"}, {"no.such", "x"}}));
}

TEST(Properties, EverySpellingOfTheResetIsKnown) {
  using delivery::Reset;
  const std::pair<const char*, Reset> spellings[] = {
      {"earliest", Reset::earliest}, {"smallest", Reset::earliest}, {"beginning", Reset::earliest},
      {"latest", Reset::latest},     {"largest", Reset::latest},    {"end", Reset::latest},
      {"error", Reset::error},
  };
  for (const auto& [text, reset] : spellings)
    EXPECT_EQ(reset_of({{"auto.offset.reset", text}}), reset) << text;
  EXPECT_EQ(reset_of({}), Reset::latest);
}

}  // namespace
}  // namespace runnel::kafka
