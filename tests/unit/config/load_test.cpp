#include "fake_kinds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace runnel::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr auto whole = R"(
[runnel]
state_dir = "/s"
memory = "8MiB"
drain = "5s"
log_level = "debug"

[kafka]
bootstrap.servers = "one:9092"
socket.keepalive.enable = true
linger.ms = 0.5

[kafka.sasl]
username = "alice"
"password" = "hunter2"

[producer.beat]
topic = "t"
interval = "250ms"
count = 3
key = "{name}"
value = '{"n": {seq}}'
headers = [["a", "{seq}"], ["a", "{{seq}"]]
kafka.acks = -1

[consumer.archive]
topics = ["t", "^x[0-9]+$"]
sinks = ["all", "none"]
checkpoint = { interval = "100ms", bytes = "1GiB" }
kafka.group.id = "g"
kafka."bootstrap.servers" = "two:9092"
kafka.auto.offset.reset = "earliest"

[sink.all]
type = "fake"
flag = true
number = 7
maybe = 9
pause = "1m"
size = "64KiB"
mode = "600"
path = "/x/{topic}"
text = ""
choice = "json"
list = []
pairs = [["a", "b"]]

[sink.none]
type = "null"
)";

TEST(Load, TakesEveryKey) {
  const auto config = load_text(whole);
  EXPECT_EQ(config.runnel.state_dir, "/s");
  EXPECT_EQ(config.runnel.memory, Size{8 << 20});
  EXPECT_EQ(config.runnel.drain, std::chrono::seconds(5));
  EXPECT_EQ(config.runnel.log_level, "debug");

  ASSERT_EQ(config.producers.size(), 1U);
  const auto& producer = config.producers[0];
  EXPECT_EQ(producer.name, "beat");
  EXPECT_EQ(producer.interval, std::chrono::milliseconds(250));
  EXPECT_EQ(producer.count, 3);
  EXPECT_EQ(producer.key, "{name}");
  EXPECT_EQ(producer.value, R"({"n": {seq}})");
  EXPECT_THAT(producer.headers, ElementsAre(Pair("a", "{seq}"), Pair("a", "{{seq}")));

  ASSERT_EQ(config.consumers.size(), 1U);
  const auto& consumer = config.consumers[0];
  EXPECT_THAT(consumer.topics, ElementsAre("t", "^x[0-9]+$"));
  EXPECT_THAT(consumer.sinks, ElementsAre("all", "none"));
  EXPECT_EQ(consumer.checkpoint.interval, std::chrono::milliseconds(100));
  EXPECT_EQ(consumer.checkpoint.bytes, Size{1ULL << 30});

  ASSERT_EQ(config.sinks.size(), 2U);
  EXPECT_EQ(config.sinks[0].type, "fake");
  const auto& options = dynamic_cast<const FakeOptions&>(*config.sinks[0].options);
  EXPECT_TRUE(options.flag);
  EXPECT_EQ(options.number, 7);
  EXPECT_EQ(options.maybe, 9);
  EXPECT_EQ(options.pause, std::chrono::minutes(1));
  EXPECT_EQ(options.size, Size{64 << 10});
  EXPECT_EQ(options.mode, Mode{0600});
  EXPECT_EQ(options.path, "/x/{topic}");
  EXPECT_EQ(options.text, "");
  EXPECT_EQ(options.choice, "json");
  EXPECT_THAT(options.list, IsEmpty());
  EXPECT_THAT(options.pairs, ElementsAre(Pair("a", "b")));
}

TEST(Load, PassesPropertiesThroughHoweverTheyAreWritten) {
  const auto config = load_text(whole);
  const auto& global = config.kafka;
  EXPECT_EQ(global.at("bootstrap.servers").value, "one:9092");
  EXPECT_EQ(global.at("bootstrap.servers").origin, "t.toml:9:11");
  EXPECT_EQ(global.at("socket.keepalive.enable").value, "true");
  EXPECT_EQ(global.at("linger.ms").value, "0.5");
  EXPECT_EQ(global.at("sasl.username").value, "alice");
  EXPECT_FALSE(global.at("sasl.username").secret);
  EXPECT_EQ(global.at("sasl.password").value, "hunter2");
  EXPECT_TRUE(global.at("sasl.password").secret);
}

TEST(Load, AFlowsOwnPropertiesStandBeforeTheGlobalOnes) {
  const auto config = load_text(whole);
  EXPECT_EQ(config.producers[0].kafka.at("bootstrap.servers").value, "one:9092");
  EXPECT_EQ(config.producers[0].kafka.at("acks").value, "-1");
  EXPECT_EQ(config.consumers[0].kafka.at("bootstrap.servers").value, "two:9092");
  EXPECT_EQ(config.consumers[0].kafka.at("sasl.username").value, "alice");
  EXPECT_FALSE(config.kafka.contains("group.id"));
}

TEST(Load, LeftOutKeysKeepTheirDefaults) {
  const auto config = load_text("");
  EXPECT_EQ(config.runnel.memory, Size{64 << 20});
  EXPECT_EQ(config.runnel.drain, std::chrono::seconds(20));
  EXPECT_EQ(config.runnel.state_dir, "");
  EXPECT_THAT(config.producers, IsEmpty());
}

TEST(Load, AConsumerMayReadByNameWhatAProducerWrites) {
  EXPECT_EQ(refusal(whole), "accepted");
}

TEST(Load, KnowsEverySecretPropertyOfLibrdkafka) {
  for (const std::string name :
       {"sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem",
        "sasl.oauthbearer.config", "sasl.oauthbearer.client.secret",
        "sasl.oauthbearer.assertion.private.key.passphrase", "sasl.oauthbearer.assertion.private.key.pem"}) {
    EXPECT_TRUE(load_text("[kafka]\n" + name + " = 'x'").kafka.at(name).secret) << name;
  }
  for (const std::string name : {"ssl.key.location", "ssl.certificate.pem", "sasl.username", "group.id"}) {
    EXPECT_FALSE(load_text("[kafka]\n" + name + " = 'x'").kafka.at(name).secret) << name;
  }
}

}  // namespace
}  // namespace runnel::config
