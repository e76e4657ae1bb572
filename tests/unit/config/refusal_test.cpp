#include "fake_kinds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// Each message says where, which key, why, and what to do.
namespace runnel::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Case {
  std::string text;
  std::string message;
};

void expect_refusals(const std::string& before, const std::vector<Case>& cases) {
  for (const auto& [text, message] : cases) EXPECT_EQ(refusal(before + text), message) << text;
}

TEST(Refusal, OfWhatIsNotToml) {
  expect_refusals(
      "",
      {{"x = ", "t.toml:1:5: this is not TOML: Error while parsing key-value pair: encountered end-of-file"},
       {"[kafka]\nclient.id = me",
        "t.toml:2:13: this is not TOML: Error while parsing value: could not determine value type; a string "
        "stands in quotes"},
       {"[a]\n[a]",
        "t.toml:2:1: this is not TOML: Error while parsing table header: cannot redefine existing table "
        "'a'"}});
}

TEST(Refusal, OfAnUnknownKeyNamesTheNearest) {
  expect_refusals(
      "", {{"[runnle]",
            "t.toml:1:2: runnle: there is no such key; did you mean runnel? Known here: consumer, kafka, "
            "producer, runnel, sink; librdkafka's own properties stand under kafka"},
           {"[runnel]\nmemroy = '1MiB'",
            "t.toml:2:1: runnel.memroy: there is no such key; did you mean memory? Known here: drain, "
            "log_level, memory, state_dir"},
           {"[sink.s]\ntype = 'nul'",
            "t.toml:2:1: sink.s.type: there is no sink of type \"nul\"; did you mean null? Known here: fake, "
            "null"},
           {"[sink.s]\ntype = 'null'\npath = 'x'",
            "t.toml:3:1: sink.s.path: there is no such key. Known here: type"}});
}

TEST(Refusal, OfAValueThatIsNotOfItsKind) {
  expect_refusals(
      "[sink.f]\ntype = 'fake'\npath = 'p'\n",
      {{"flag = 1", "t.toml:4:1: sink.f.flag: true or false must stand here, not an integer"},
       {"number = '5'", "t.toml:4:1: sink.f.number: a whole number must stand here, not a string"},
       {"number = 5.0", "t.toml:4:1: sink.f.number: a whole number must stand here, not a float"},
       {"text = 1979-05-27", "t.toml:4:1: sink.f.text: a string must stand here, not a date"},
       {"pause = '5 s'",
        "t.toml:4:1: sink.f.pause: \"5 s\" is no duration; write a whole number and ms, s, m, h or d: "
        "\"250ms\""},
       {"pause = true",
        "t.toml:4:1: sink.f.pause: a duration (a string with a unit) must stand here, not true or false"},
       {"size = '64M'",
        "t.toml:4:1: sink.f.size: \"64M\" is no size; write a whole number and B, KiB, MiB, GiB or TiB: "
        "\"64MiB\""},
       {"mode = 640",
        "t.toml:4:1: sink.f.mode: a file mode (a string of octal digits) must stand here, not an integer"},
       {"mode = '9'",
        "t.toml:4:1: sink.f.mode: \"9\" is no file mode; write octal digits in quotes: \"0640\""},
       {"choice = 'jsn'",
        "t.toml:4:1: sink.f.choice: \"jsn\" is none of the choices; did you mean json? Known here: raw, "
        "json"},
       {"text = 'wrong'", "t.toml:4:1: sink.f.text: \"wrong\": it is not right; write another"},
       {"list = 'a'",
        "t.toml:4:1: sink.f.list: an array of strings, such as [\"a\", \"b\"], must stand here, not a "
        "string"},
       {"list = [1]", "t.toml:4:9: sink.f.list: an array of strings must stand here, not an integer"},
       {"pairs = ['a']",
        "t.toml:4:1: sink.f.pairs: an array of pairs, such as [[\"name\", \"value\"]], must stand here"},
       {"pairs = [['a', 1]]",
        "t.toml:4:16: sink.f.pairs: a header's value must stand here, not an integer"}});
}

TEST(Refusal, OfABareNumberShowsTheUnit) {
  expect_refusals("[runnel]\n",
                  {{"drain = 5",
                    "t.toml:2:1: runnel.drain: 5 has no unit; write a duration as a string with "
                    "its unit: \"5s\""},
                   {"memory = 64",
                    "t.toml:2:1: runnel.memory: 64 has no unit; write a size as a string with "
                    "its unit: \"64MiB\""}});
}

TEST(Refusal, OfWhatLiesOutsideTheLimits) {
  expect_refusals("[sink.f]\ntype = 'fake'\npath = 'p'\n",
                  {{"number = 0", "t.toml:4:1: sink.f.number: 0 is too small; the least is 1"},
                   {"number = 11", "t.toml:4:1: sink.f.number: 11 is too large; the most is 10"},
                   {"pause = '9ms'", "t.toml:4:1: sink.f.pause: \"9ms\" is too small; the least is 10ms"},
                   {"pause = '61s'", "t.toml:4:1: sink.f.pause: \"61s\" is too large; the most is 1m"},
                   {"size = '1B'", "t.toml:4:1: sink.f.size: \"1B\" is too small; the least is 1KiB"},
                   {"size = '2GiB'", "t.toml:4:1: sink.f.size: \"2GiB\" is too large; the most is 1GiB"}});
}

TEST(Refusal, OfWhatIsMissing) {
  expect_refusals(
      "",
      {{"[sink.f]", "t.toml:1:7: sink.f.type: it is missing; say what the sink is. Known here: fake, null"},
       {"[sink.f]\ntype = 'fake'", "t.toml:1:7: sink.f.path: it is missing; write it. A path."},
       {"[producer.p]\ntopic = 't'",
        "t.toml:1:11: producer.p.value: it is missing; write it. The record's value, a template."},
       {"[producer.p]\ntopic = 't'\nvalue = ''", "t.toml:3:1: producer.p.value: it cannot be empty"},
       {"[producer.p]\ntopic = 't'\nvalue = 'v'",
        "t.toml:1:11: producer.p.kafka.bootstrap.servers: it is missing, here and under [kafka]; say where "
        "Kafka is: \"localhost:9092\""}});
}

TEST(Refusal, OfNames) {
  expect_refusals(
      "",
      {{"[sink.'a b']\ntype = 'null'",
        "t.toml:1:7: sink.a b: a name is 1 to 64 letters, digits, underscores or hyphens; choose another"},
       {"[sink]\ntype = 'null'",
        "t.toml:2:1: sink.type: the keys of a sink stand in a table of its own; write [sink.NAME] first"},
       {"[[sink]]", "t.toml:1:3: sink: tables [sink.NAME] must stand here, not an array"}});
}

constexpr auto consumer =
    "kafka.bootstrap.servers = 'b'\n[sink.n]\ntype = 'null'\n[consumer.c]\nkafka.group.id = 'g'\n";

TEST(Refusal, OfConsumers) {
  expect_refusals(
      consumer,
      {{"sinks = ['n']",
        "t.toml:4:11: consumer.c.topics: it is missing; write it. The topics to read: names, or a regular "
        "expression that begins with ^."},
       {"topics = []\nsinks = ['n']", "t.toml:6:1: consumer.c.topics: it cannot be empty; name at least one"},
       {"topics = ['t']\nsinks = []", "t.toml:7:1: consumer.c.sinks: it cannot be empty; name at least one"},
       {"topics = ['t']\nsinks = ['m']",
        "t.toml:7:1: consumer.c.sinks: there is no sink \"m\". Known here: n"},
       {"topics = ['t']\nsinks = ['n', 'n']", "t.toml:7:1: consumer.c.sinks: \"n\" stands twice; remove one"},
       {"topics = ['t', 't']\nsinks = ['n']",
        "t.toml:6:1: consumer.c.topics: \"t\" stands twice; remove one"},
       {"topics = ['t t']\nsinks = ['n']",
        "t.toml:6:1: consumer.c.topics: \"t t\": the name of a topic holds letters, digits, dots, "
        "underscores "
        "and hyphens only"},
       {"topics = ['^a(']\nsinks = ['n']", "t.toml:6:1: consumer.c.topics: \"^a(\": Unmatched ( or \\("},
       {"topics = ['^tt']\nsinks = ['n']\n[producer.p]\ntopic = 'ttt'\nvalue = 'x'",
        "t.toml:6:1: consumer.c.topics: \"^tt\" matches the topic of producer.p, so Runnel would read what "
        "it "
        "writes; narrow the expression, or name the topics"},
       {"topics = ['t']\nsinks = ['n']\ncheckpoint = 5",
        "t.toml:8:1: consumer.c.checkpoint: a table must stand here, not an integer"},
       {"topics = ['t']\nsinks = ['n']\ncheckpoint.byte = '1MiB'",
        "t.toml:8:12: consumer.c.checkpoint.byte: there is no such key; did you mean bytes? Known here: "
        "bytes, "
        "interval"}});
  EXPECT_EQ(refusal("kafka.bootstrap.servers = 'b'\n[sink.n]\ntype = 'null'\n"
                    "[consumer.c]\ntopics = ['t']\nsinks = ['n']"),
            "t.toml:4:11: consumer.c.kafka.group.id: it is missing; name the consumer group that keeps the "
            "positions");
}

TEST(Refusal, OfPropertiesThatRunnelSetsItself) {
  for (const std::string name : {"enable.auto.commit", "enable.auto.offset.store", "enable.partition.eof",
                                 "log.queue", "queued.max.messages.kbytes", "transactional.id"}) {
    EXPECT_THAT(refusal("[kafka]\n" + name + " = 1"),
                HasSubstr("kafka." + name + ": this property cannot be set: Runnel "));
  }
}

TEST(Refusal, OfProperties) {
  expect_refusals(
      "[kafka]\n",
      {{"auto.offset.reset = 'first'",
        "t.toml:2:13: kafka.auto.offset.reset: \"first\" says nothing; write \"earliest\", \"latest\" or "
        "\"error\""},
       {"group.id = 'a'\n'group.id' = 'b'",
        "t.toml:3:1: kafka.group.id: it stands twice, the other time at t.toml:2:7; remove one"},
       {"debug = ['all']",
        "t.toml:2:1: kafka.debug: a string, a number, true or false must stand here, not an array"},
       {"sasl.password = { file = 1 }",
        "t.toml:2:19: kafka.sasl.password.file: a table that says where a value is holds exactly one of "
        "file, "
        "env and credential, with a string"},
       {"client.id = \"a\\u0000b\"",
        "t.toml:2:8: kafka.client.id: a property of librdkafka cannot hold a NUL character; remove it"}});
}

TEST(Refusal, OfTemplates) {
  EXPECT_EQ(
      refusal("[sink.f]\ntype = 'fake'\npath = '{seq}'"),
      "t.toml:3:1: sink.f.path: there is no placeholder {seq} here. Known here: topic, partition, time, "
      "utc, hostname; a { that begins no placeholder is written {{");
  EXPECT_THAT(refusal("[producer.p]\ntopic = 't'\nvalue = 'v'\nheaders = [['a', '{topic}']]"),
              HasSubstr("t.toml:4:1: producer.p.headers: there is no placeholder {topic} here"));
}

TEST(Refusal, OfAnEmptyConfigurationSaysWhatToDo) {
  EXPECT_EQ(
      refusal("[kafka]\n", {}, false),
      "t.toml: there is nothing to do: no [consumer.NAME] and no [producer.NAME] stands here; write one "
      "(or uncomment an example), or see Runnel at work with runneld --demo");
  EXPECT_EQ(refusal("[kafka]\n", {}, true), "accepted");
}

TEST(Refusal, NeverShowsASecret) {
  for (const auto* line :
       {"sasl.password = hunter2", "sasl.password = 1hunter2", "sasl.password = 'hunter2",
        "sasl.password = \"hunter2\\q\"", "sasl.password = ['hunter2']", "sasl = { password = hunter2 }"}) {
    const auto message = refusal(std::string("[kafka]\n") + line);
    EXPECT_THAT(message, HasSubstr("t.toml:2:")) << line;
    EXPECT_THAT(message, Not(HasSubstr("hunter2"))) << line;
  }
}

}  // namespace
}  // namespace runnel::config
