#include "fake_kinds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace runnel::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string client_id(const std::string& value) {
  return load_text("", {"kafka.client.id=" + value}).kafka.at("client.id").value;
}

TEST(Set, TakesATomlValue) {
  EXPECT_EQ(client_id("\"me\""), "me");
  EXPECT_EQ(client_id("'me'"), "me");
  EXPECT_EQ(client_id("5"), "5");
  EXPECT_EQ(client_id("true"), "true");
}

TEST(Set, TakesABareWordAsAString) {
  EXPECT_EQ(client_id("me"), "me");
  EXPECT_EQ(client_id(""), "");
  EXPECT_EQ(client_id("a=b"), "a=b");
  EXPECT_EQ(client_id("[::1]:9092,b:9092"), "[::1]:9092,b:9092");
}

TEST(Set, DropsNothingBehindAValue) {
  EXPECT_EQ(client_id("1#2"), "1#2");
  EXPECT_EQ(client_id("1,"), "1,");
  EXPECT_EQ(client_id("1, 2"), "1, 2");
  EXPECT_EQ(client_id("1\nx = 2"), "1\nx = 2");
  EXPECT_EQ(client_id("1, 0]\nx = [2"), "1, 0]\nx = [2");
}

TEST(Set, OverridesTheFileAndALaterOneOverridesAnEarlier) {
  const auto config =
      load_text("[runnel]\ndrain = '1s'\nmemory = '2MiB'", {"runnel.drain=2s", "runnel.drain=3s"});
  EXPECT_EQ(config.runnel.drain, std::chrono::seconds(3));
  EXPECT_EQ(config.runnel.memory, Size{2 << 20});
}

TEST(Set, OverridesAPropertyHoweverEitherIsWritten) {
  for (const auto* text : {"[kafka]\nbootstrap.servers = 'a'", "[kafka]\n'bootstrap.servers' = 'a'",
                           "[kafka.bootstrap]\nservers = 'a'"}) {
    for (const auto* set : {"kafka.bootstrap.servers=b", "kafka.'bootstrap.servers'=b"}) {
      EXPECT_EQ(load_text(text, {set}).kafka.at("bootstrap.servers").value, "b") << text << ' ' << set;
    }
  }
}

TEST(Set, ReachesIntoFlows) {
  const auto config = load_text("[sink.n]\ntype = 'null'",
                                {"consumer.archive.checkpoint.interval=2s", "consumer.archive.topics=['t']",
                                 "consumer.archive.sinks=['n']", "consumer.archive.kafka.group.id=g",
                                 "kafka.bootstrap.servers=h:9092"});
  ASSERT_EQ(config.consumers.size(), 1U);
  EXPECT_EQ(config.consumers[0].checkpoint.interval, std::chrono::seconds(2));
  EXPECT_THAT(config.consumers[0].topics, ElementsAre("t"));
  EXPECT_EQ(config.consumers[0].kafka.at("group.id").value, "g");
  EXPECT_EQ(config.consumers[0].kafka.at("group.id").origin, "--set consumer.archive.kafka.group.id");
}

TEST(Set, IsNamedByWhatRefusesIt) {
  const auto refuse = [](const std::string& set) { return refusal("[runnel]\ndrain = '1s'", {set}); };
  EXPECT_EQ(refuse("runnel.drain=5"),
            "--set runnel.drain: runnel.drain: 5 has no unit; write a duration as a string with its unit: "
            "\"5s\"");
  EXPECT_EQ(refuse("runnel.drian=1s"),
            "--set runnel.drian: runnel.drian: there is no such key; did you mean drain? Known here: drain, "
            "log_level, memory, state_dir");
  EXPECT_EQ(refuse("runnel.drain.x=1"),
            "--set runnel.drain.x: runnel.drain: it is a string at t.toml:2:1 and has no keys");
  EXPECT_EQ(refuse("runnel.drain"), "--set runnel.drain: there is no value; write --set KEY=VALUE");
  EXPECT_EQ(refuse("a b=1"),
            "--set a: a: this is not a key; write a dotted one, such as "
            "kafka.bootstrap.servers=localhost:9092");
  EXPECT_THAT(refuse("=1"), HasSubstr("this is not a key"));
  EXPECT_EQ(refuse("producer.p.value={seq}"),
            "--set producer.p.value: the value: it begins and ends like a TOML string, array or table but is "
            "none; put it in quotes, for TOML and for the shell: '\"…\"'");
}

TEST(Set, NeverShowsItsValue) {
  EXPECT_THAT(refusal("", {"kafka.sasl.password=[hunter2]"}), Not(HasSubstr("hunter2")));
  EXPECT_THAT(refusal("", {"kafka.sasl.password=['hunter2']"}), Not(HasSubstr("hunter2")));
  EXPECT_THAT(refusal("", {"kafka.sasl.password='hunter2"}), Not(HasSubstr("hunter2")));
  EXPECT_THAT(refusal("", {"kafka.sasl.password hunter2=x"}), Not(HasSubstr("hunter2")));
  EXPECT_THAT(refusal("", {"kafka.'sasl.password=hunter2"}), Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace runnel::config
