#include "fake_kinds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace runnel::config {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(Dump, HoldsEveryKeyDefaultsIncluded) {
  const auto text = dump(load_text(R"(
[kafka]
bootstrap.servers = "b:9092"
[producer.p]
topic = "t"
value = "v"
count = 5
[consumer.c]
topics = ["t"]
sinks = ["n"]
kafka.group.id = "g"
[sink.n]
type = "null"
[sink.f]
type = "fake"
path = "p"
)"));
  EXPECT_EQ(text, R"([runnel]
state_dir = ""
memory = "64MiB"
drain = "20s"
log_level = "info"

[kafka]
"bootstrap.servers" = "b:9092"

[producer.p]
topic = "t"
interval = "1s"
count = 5
value = "v"
headers = []

[producer.p.kafka]
"bootstrap.servers" = "b:9092"

[consumer.c]
topics = ["t"]
sinks = ["n"]

[consumer.c.checkpoint]
interval = "1s"
bytes = "256MiB"

[consumer.c.kafka]
"bootstrap.servers" = "b:9092"
"group.id" = "g"

[sink.f]
type = "fake"
flag = false
number = 5
pause = "1s"
size = "1MiB"
mode = "0640"
path = "p"
choice = "raw"
list = ["one"]
pairs = []

[sink.n]
type = "null"
)");
  EXPECT_EQ(dump(load_text(text)), text);
}

TEST(Dump, ReadsBackWhateverAStringHolds) {
  const auto config =
      load_text("[kafka]\nclient.rack = 'a\"\\'\n'strange name' = 1\n[sink.f]\ntype = 'fake'\npath = \"" +
                std::string(R"(a\"b\\c\n\r\t\u0001\u007f # ' [x] = é \U0001F600)") +
                "\"\ntext = '''\nx\n'''\npairs = [['\"', '\\n']]");
  const auto& before = dynamic_cast<const FakeOptions&>(*config.sinks.at(0).options);
  EXPECT_EQ(before.path, "a\"b\\c\n\r\t\x01\x7f # ' [x] = é 😀");
  const auto again = load_text(dump(config));
  const auto& after = dynamic_cast<const FakeOptions&>(*again.sinks.at(0).options);
  EXPECT_EQ(after.path, before.path);
  EXPECT_EQ(after.text, "x\n");
  EXPECT_THAT(after.pairs, ElementsAre(Pair("\"", "\\n")));
  EXPECT_EQ(again.kafka.at("client.rack").value, "a\"\\");
  EXPECT_EQ(again.kafka.at("strange name").value, "1");
  EXPECT_EQ(dump(again), dump(config));
}

}  // namespace
}  // namespace runnel::config
