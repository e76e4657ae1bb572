#include "fake_kinds.hpp"
#include "support/temporary_directory.hpp"

#include <runnel/config/plan.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace runnel::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string running = R"(
[kafka]
bootstrap.servers = "b:9092"
[producer.p]
topic = "t"
value = "v"
[consumer.one]
topics = ["t"]
sinks = ["fake", "n"]
kafka.group.id = "g"
[consumer.two]
topics = ["t"]
sinks = ["n"]
kafka.group.id = "h"
[sink.n]
type = "null"
[sink.fake]
type = "fake"
path = "p"
)";

std::vector<Planned> changed(const std::vector<std::string>& sets, const std::string& next = running) {
  auto all = plan(load_text(running), load_text(next, sets));
  std::erase_if(all, [](const Planned& each) { return each.change == Change::unchanged; });
  return all;
}

TEST(Plan, OfTheSameConfigurationChangesNothing) {
  EXPECT_THAT(to_lines(plan(load_text(running), load_text(running))),
              ElementsAre("unchanged: runnel, consumer.one, consumer.two, producer.p"));
}

TEST(Plan, AdjustsInPlaceWhatARunningPartCanTake) {
  EXPECT_THAT(changed({"runnel.log_level=debug", "runnel.drain=3s"}),
              ElementsAre(Planned{"runnel", Change::adjusted, {"drain", "log_level"}}));
  EXPECT_THAT(
      changed({"consumer.one.checkpoint.interval=3s", "consumer.one.checkpoint.bytes=1MiB"}),
      ElementsAre(Planned{"consumer.one", Change::adjusted, {"checkpoint.interval", "checkpoint.bytes"}}));
  EXPECT_THAT(changed({"producer.p.interval=3s"}),
              ElementsAre(Planned{"producer.p", Change::adjusted, {"interval"}}));
}

TEST(Plan, ReplacesAPartForEachOtherKeyOfItsOwn) {
  EXPECT_THAT(changed({R"(consumer.one.topics=["t", "u"])"}),
              ElementsAre(Planned{"consumer.one", Change::replaced, {"topics"}}));
  EXPECT_THAT(changed({R"(consumer.one.sinks=["n"])"}),
              ElementsAre(Planned{"consumer.one", Change::replaced, {"sinks"}}));
  EXPECT_THAT(changed({"consumer.one.kafka.client.id=me"}),
              ElementsAre(Planned{"consumer.one", Change::replaced, {"kafka.client.id"}}));
  EXPECT_THAT(changed({"producer.p.value=w", "producer.p.count=3"}),
              ElementsAre(Planned{"producer.p", Change::replaced, {"count", "value"}}));
}

TEST(Plan, ReplacesWhatIsAdjustedTooWithAllKeysNamed) {
  EXPECT_THAT(
      changed({"consumer.one.kafka.client.id=me", "consumer.one.checkpoint.interval=3s"}),
      ElementsAre(Planned{"consumer.one", Change::replaced, {"kafka.client.id", "checkpoint.interval"}}));
}

TEST(Plan, ReplacesEachConsumerOfAChangedSinkAndNoOther) {
  EXPECT_THAT(changed({"sink.fake.number=7"}),
              ElementsAre(Planned{"consumer.one", Change::replaced, {"sink.fake.number"}}));
  EXPECT_THAT(changed({"sink.n.type=fake", "sink.n.path=q"}),
              ElementsAre(Planned{"consumer.one", Change::replaced, {"sink.n.type"}},
                          Planned{"consumer.two", Change::replaced, {"sink.n.type"}}));
}

TEST(Plan, KnowsThatASinkWithoutAConsumerIsNobodysBusiness) {
  EXPECT_THAT(changed({}, running + "[sink.new]\ntype = \"null\"\n"), IsEmpty());
}

TEST(Plan, ReplacesAllThatACommonPropertyReaches) {
  EXPECT_THAT(changed({"kafka.client.id=me"}),
              ElementsAre(Planned{"consumer.one", Change::replaced, {"kafka.client.id"}},
                          Planned{"consumer.two", Change::replaced, {"kafka.client.id"}},
                          Planned{"producer.p", Change::replaced, {"kafka.client.id"}}));
  EXPECT_THAT(changed({"kafka.client.id=me", "consumer.one.kafka.client.id=me"}).size(), 3);
}

TEST(Plan, ReplacesEveryConsumerWhenItsMemoryChanges) {
  EXPECT_THAT(changed({"runnel.memory=32MiB"}),
              ElementsAre(Planned{"consumer.one", Change::replaced, {"runnel.memory"}},
                          Planned{"consumer.two", Change::replaced, {"runnel.memory"}}));
}

TEST(Plan, AddsAndRemovesByName) {
  auto renamed = running;
  renamed.replace(renamed.find("consumer.two"), 12, "consumer.three");
  EXPECT_THAT(changed({}, renamed), ElementsAre(Planned{"consumer.two", Change::removed},
                                                Planned{"consumer.three", Change::added}));
}

TEST(Plan, ReplacesWhatReadsASecretOrACertificateThatChanged) {
  const tests::TemporaryDirectory directory;
  const auto path = directory / "file";
  const auto with = [&](const std::string& key) { return load_text(running, {"consumer.one.kafka." + key}); };
  const auto check = [&](const std::string& setting, const std::string& key) {
    std::ofstream(path) << "old";
    const auto before = with(setting);
    EXPECT_EQ(plan(before, with(setting))[1].change, Change::unchanged);
    std::ofstream(path) << "new";
    EXPECT_EQ(plan(before, with(setting))[1], (Planned{"consumer.one", Change::replaced, {key}}));
  };
  check("sasl.password={ file = \"" + path + "\" }", "kafka.sasl.password");
  check("ssl.ca.location=\"" + path + "\"", "kafka.ssl.ca.location");
}

TEST(Plan, TellsInALineForEachChange) {
  EXPECT_THAT(
      to_lines(plan(load_text(running), load_text(running, {"kafka.client.id=me", "runnel.drain=3s"}))),
      ElementsAre("runnel: adjusted in place (drain)", "consumer.one: replaced (kafka.client.id)",
                  "consumer.two: replaced (kafka.client.id)", "producer.p: replaced (kafka.client.id)"));
}

// who may begin before another one has ended

bool share(const std::string& path, const std::string& other_path) {
  const auto one = load_text(running, {"sink.fake.path='" + path + "'"});
  const auto other = load_text(running, {"sink.fake.path='" + other_path + "'"});
  return may_share_a_file(one, "consumer.one", other, "consumer.one");
}

TEST(MayShareAFile, WhenTheirPathsDoNotDifferBeforeAPlaceholder) {
  EXPECT_TRUE(share("/x/a", "/x/a"));
  EXPECT_TRUE(share("/x/{topic}", "/x/{partition}/y"));
  EXPECT_TRUE(share("/x/{topic}", "/x/a/b"));
  EXPECT_TRUE(share("{topic}", "./{topic}")) << "the same folder";
  EXPECT_TRUE(share("/x/../y//{topic}", "/y/{topic}"));
  EXPECT_FALSE(share("/x/a", "/x/b"));
  EXPECT_FALSE(share("/x/a-{topic}", "/x/b-{topic}"));
  EXPECT_FALSE(share("/x/{{a-{topic}", "/x/{{b-{topic}")) << "{{ begins no placeholder";
}

TEST(MayShareAFile, OnlyWhenBothWriteFiles) {
  const auto config = load_text(running);
  EXPECT_TRUE(may_share_a_file(config, "consumer.one", config, "consumer.one"));
  EXPECT_FALSE(may_share_a_file(config, "consumer.one", config, "consumer.two"));
  EXPECT_FALSE(may_share_a_file(config, "producer.p", config, "producer.p"));
  EXPECT_FALSE(may_share_a_file(config, "consumer.one", config, "consumer.none"));
}

}  // namespace
}  // namespace runnel::config
