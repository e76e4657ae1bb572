#include "document.hpp"
#include "properties.hpp"
#include "section.hpp"
#include "topics.hpp"

#include <runnel/config/config.hpp>
#include <runnel/format/nearest.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace runnel::config {
namespace {

/// One load, in the order in which its parts need each other.
class Loader {
 public:
  Loader(const Node& root, std::span<const SinkKind> kinds)
      : kinds_(kinds), root_(root, "", config_.hidden) {}

  Config load() {
    if (const auto* node = root_.take("runnel")) {
      Section section(*node, "runnel", config_.hidden);
      section.fill(config_.runnel.fields());
      section.finish();
    }
    if (const auto* node = root_.take("kafka")) read_properties(*node, "kafka", config_.kafka);
    for_each("producer", [this](auto& section, auto name) { add_producer(section, std::move(name)); });
    for_each("sink", [this](auto& section, auto name) { add_sink(section, std::move(name)); });
    for_each("consumer", [this](auto& section, auto name) { add_consumer(section, std::move(name)); });
    root_.finish();
    return std::move(config_);
  }

 private:
  template <class Add>
  void for_each(const std::string& kind, Add add) {
    const auto* node = root_.take(kind);
    if (!node) return;
    if (!node->table()) {
      root_.refuse(kind, fmt::format("tables [{}.NAME] must stand here, not {}", kind, node->what()));
    }
    for (const auto& [name, inner] : *node->table()) {
      const auto path = kind + '.' + name;
      check_name(inner, kind, name);
      Section section(inner, path, config_.hidden);
      add(section, name);
      section.finish();
    }
  }

  static void check_name(const Node& node, const std::string& kind, const std::string& name) {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    const auto path = kind + '.' + name;
    if (!node.table()) {
      fail(node.where, path,
           fmt::format("the keys of a {} stand in a table of its own; write [{}.NAME] first", kind, kind));
    }
    if (name.empty() || name.size() > 64 || name.find_first_not_of(allowed) != name.npos) {
      fail(node.where, path, "a name is 1 to 64 letters, digits, underscores or hyphens; choose another");
    }
  }

  void add_producer(Section& section, std::string name) {
    Producer producer;
    producer.name = std::move(name);
    section.fill(producer.fields());
    if (const auto wrong = wrong_topic(producer.topic); !wrong.empty()) section.refuse("topic", wrong);
    producer.kafka = merged_properties(section);
    config_.producers.push_back(std::move(producer));
  }

  void add_consumer(Section& section, std::string name) {
    Consumer consumer;
    consumer.name = std::move(name);
    section.fill(consumer.fields());
    if (const auto* node = section.take("checkpoint")) {
      Section inner(*node, section.path_of("checkpoint"), config_.hidden);
      inner.fill(consumer.checkpoint.fields());
      inner.finish();
    }
    consumer.kafka = merged_properties(section);
    check_topics(section, consumer);
    check_sinks(section, consumer);
    const auto group = consumer.kafka.find("group.id");
    if (group == consumer.kafka.end() || group->second.value.empty()) {
      section.refuse("kafka.group.id", "it is missing; name the consumer group that keeps the positions");
    }
    config_.consumers.push_back(std::move(consumer));
  }

  void add_sink(Section& section, std::string name) {
    std::vector<std::string_view> types;
    for (const auto& kind : kinds_) types.push_back(kind.type);
    const auto type = section.take_text("type", "say what the sink is" + format::suggestion("", types));
    const auto kind = std::ranges::find(kinds_, type.value, &SinkKind::type);
    if (kind == kinds_.end()) {
      section.refuse("type",
                     fmt::format("there is no sink of type {}{}", type.shown(),
                                 format::suggestion(type.reference.empty() ? type.value : "", types)));
    }
    Sink sink{std::move(name), type.value, kind->options()};
    section.fill(sink.options->fields());
    if (const auto wrong = sink.options->wrong(); !wrong.key.empty())
      section.refuse(wrong.key, std::string(wrong.why));
    config_.sinks.push_back(std::move(sink));
  }

  Properties merged_properties(Section& section) const {
    auto properties = config_.kafka;
    if (const auto* node = section.take("kafka")) {
      read_properties(*node, section.path_of("kafka"), properties);
    }
    if (!properties.contains("bootstrap.servers") && !properties.contains("metadata.broker.list")) {
      section.refuse("kafka.bootstrap.servers",
                     "it is missing, here and under [kafka]; say where Kafka is: "
                     "\"localhost:9092\"");
    }
    return properties;
  }

  void check_topics(const Section& section, const Consumer& consumer) const {
    check_unique(section, "topics", consumer.topics);
    for (const auto& topic : consumer.topics) {
      const auto wrong = is_pattern(topic) ? wrong_pattern(topic) : wrong_topic(topic);
      if (!wrong.empty())
        section.refuse("topics", fmt::format("{}: {}", section.shown("topics", topic), wrong));
      if (!is_pattern(topic)) continue;
      for (const auto& producer : config_.producers) {
        if (!matches(topic, producer.topic)) continue;
        section.refuse("topics",
                       fmt::format("{} matches the topic of producer.{}, so Runnel would read what it "
                                   "writes; narrow the expression, or name the topics",
                                   section.shown("topics", topic), producer.name));
      }
    }
  }

  void check_sinks(const Section& section, const Consumer& consumer) const {
    check_unique(section, "sinks", consumer.sinks);
    std::vector<std::string_view> names;
    for (const auto& sink : config_.sinks) names.push_back(sink.name);
    for (const auto& name : consumer.sinks) {
      if (std::ranges::find(names, name) != names.end()) continue;
      section.refuse("sinks",
                     fmt::format("there is no sink {}{}", section.shown("sinks", name),
                                 names.empty() ? "; write a [sink.NAME]" : format::suggestion(name, names)));
    }
  }

  static void check_unique(const Section& section, std::string_view key, std::vector<std::string> names) {
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names);
    if (twice != names.end()) section.refuse(key, section.shown(key, *twice) + " stands twice; remove one");
  }

  std::span<const SinkKind> kinds_;
  Config config_;
  Section root_;
};

void add_secrets(const Properties& properties, std::vector<std::string>& all) {
  for (const auto& [name, property] : properties) {
    const auto in_addresses = passwords_in(property.value);
    if (!is_secret(name) && property.reference.empty())
      all.insert(all.end(), in_addresses.begin(), in_addresses.end());
    else
      all.push_back(property.value);
  }
}

}  // namespace

std::vector<std::string> secrets(const Config& config) {
  auto all = config.hidden.values;
  add_secrets(config.kafka, all);
  for (const auto& producer : config.producers) add_secrets(producer.kafka, all);
  for (const auto& consumer : config.consumers) add_secrets(consumer.kafka, all);
  return all;
}

Config load(const Input& input, std::span<const SinkKind> kinds) {
  auto root = parse_document(input.text, input.name);
  flatten_kafka(root);
  for (const auto& set : input.sets) apply_set(root, set);
  if (input.hidden_credentials) name_credentials(root);
  auto config = Loader(root, kinds).load();
  if (config.consumers.empty() && config.producers.empty() && !input.allow_empty) {
    throw Error(
        input.name +
        ": there is nothing to do: no [consumer.NAME] and no [producer.NAME] stands here; write one (or "
        "uncomment an example), or see Runnel at work with runneld --demo");
  }
  return config;
}

}  // namespace runnel::config
