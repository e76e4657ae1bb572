#include <runnel/config/config.hpp>
#include <runnel/sinks/registry.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

// conf/runneld.toml documents every key with its default, and nothing else.
namespace runnel::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string read(const std::string& name) {
  std::ifstream file(std::string(RUNNEL_CONF_DIR) + '/' + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

/// As the file's head says: # and no blank is a setting that is commented out.
std::string uncommented(const std::string& text) {
  std::string out;
  for (const auto& line : lines(text)) {
    const bool setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    out += (setting ? line.substr(1) : line) + '\n';
  }
  return out;
}

/// The dotted path of every key that stands in a text with one key a line.
std::set<std::string> keys(const std::string& text) {
  std::set<std::string> out;
  std::string section;
  for (const auto& line : lines(text)) {
    if (line.starts_with('[')) section = line.substr(1, line.find(']') - 1) + '.';
    const auto equals = line.find(" = ");
    if (!line.starts_with('#') && equals != line.npos) out.insert(section + line.substr(0, equals));
  }
  return out;
}

std::vector<SinkKind> kinds() {
  std::vector<SinkKind> out;
  for (const auto& kind : sinks::registry()) out.push_back(kind.config);
  return out;
}

Config load_conf(const std::string& text) {
  return load({text, "runneld.toml", {}, true}, kinds());
}

/// Whether the key stands anywhere: an example that only one sink can show, since it goes with another key,
/// is there for all.
bool stands(const std::set<std::string>& documented, const std::string& key) {
  return std::ranges::any_of(documented, [&](const auto& path) { return path.ends_with('.' + key); });
}

/// Every field stands in the file, and with its default if it has one.
void expect_documented(const std::string& path, const std::vector<Field>& loaded,
                       const std::vector<Field>& defaults, const std::set<std::string>& documented) {
  ASSERT_EQ(loaded.size(), defaults.size());
  for (std::size_t i = 0; i < loaded.size(); ++i) {
    const auto key = path + '.' + std::string(loaded[i].key);
    std::visit(
        [&]<class T>(T* value) {
          constexpr bool optional = requires {
            value->has_value();
          };  // has no default to show or to compare
          EXPECT_TRUE(documented.contains(key) ||
                      (optional && stands(documented, std::string(loaded[i].key))))
              << key << " does not stand in conf/runneld.toml";
          if constexpr (optional) return;
          if (loaded[i].required) return;
          EXPECT_TRUE(*value == *std::get<T*>(defaults[i].target)) << key << " is not the default";
        },
        loaded[i].target);
  }
}

TEST(Conf, AsShippedItCarriesNothing) {
  const auto text = read("runneld.toml");
  const auto config = load_conf(text);
  EXPECT_THAT(config.producers, SizeIs(0));
  EXPECT_THAT(config.consumers, SizeIs(0));
  try {
    load({text, "runneld.toml", {}, false}, kinds());
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("nothing to do"));
  }
}

TEST(Conf, UncommentedItIsWhole) {
  const auto text = uncommented(read("runneld.toml"));
  auto config = load_conf(text);
  const auto documented = keys(text);
  expect_documented("runnel", config.runnel.fields(), Runnel().fields(), documented);
  ASSERT_THAT(config.producers, SizeIs(1));
  expect_documented("producer.heartbeat", config.producers[0].fields(), Producer().fields(), documented);
  ASSERT_THAT(config.consumers, SizeIs(1));
  auto& consumer = config.consumers[0];
  expect_documented("consumer.archive", consumer.fields(), Consumer().fields(), documented);
  expect_documented("consumer.archive.checkpoint", consumer.checkpoint.fields(), Checkpoint().fields(),
                    documented);
}

TEST(Conf, EveryTypeOfSinkStandsInIt) {
  const auto text = uncommented(read("runneld.toml"));
  const auto config = load_conf(text);
  const auto documented = keys(text);
  for (const auto& kind : kinds()) {
    const auto sink = std::ranges::find(config.sinks, kind.type, &Sink::type);
    if (sink == config.sinks.end()) {
      ADD_FAILURE() << "no [sink.NAME] of type " << kind.type << " stands in conf/runneld.toml";
      continue;
    }
    const auto defaults = kind.options();
    expect_documented("sink." + sink->name, sink->options->fields(), defaults->fields(), documented);
  }
}

TEST(Conf, ItsDumpReadsBack) {
  const auto text = dump(load_conf(uncommented(read("runneld.toml"))));
  EXPECT_EQ(dump(load_conf(text)), text);
}

TEST(Conf, TheDemoIsValid) {
  const auto config =
      load({read("demo.toml"), "demo.toml", {"kafka.bootstrap.servers=127.0.0.1:1"}, false}, kinds());
  ASSERT_THAT(config.producers, SizeIs(1));
  EXPECT_EQ(config.producers[0].interval, std::chrono::seconds(1));
  ASSERT_THAT(config.consumers, SizeIs(1));
  EXPECT_THAT(config.consumers[0].topics, ElementsAre(config.producers[0].topic));
  EXPECT_EQ(config.consumers[0].kafka.at("bootstrap.servers").value, "127.0.0.1:1");
}

}  // namespace
}  // namespace runnel::config
