#include "setup.hpp"

#include <runnel/config/units.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace runnel::daemon {
namespace {

kafka::Properties plain(const config::Properties& properties, kafka::Side side) {
  kafka::Properties result;
  for (const auto& [name, property] : properties) result.emplace(name, property.value);
  return kafka::only_for(side, result);
}

// librdkafka's sentence, with the place that it is about.
config::Error refused(const kafka::PropertyError& error, const config::Properties& properties,
                      const std::string& flow) {
  const auto property = properties.find(error.property);
  if (property == properties.end())
    return config::Error(fmt::format("{}: librdkafka refuses it: {}", flow, error.what()));
  return config::Error(fmt::format("{}: kafka.{}: {}; see librdkafka's CONFIGURATION.md for what it takes",
                                   property->second.origin, error.property, error.what()));
}

}  // namespace

kafka::Properties properties_of(const config::Consumer& consumer, const config::Runnel& runnel) {
  constexpr std::uint64_t most_kbytes = 2'097'151;  // librdkafka's own limit
  auto result = plain(consumer.kafka, kafka::Side::consumer);
  const auto kbytes = std::clamp<std::uint64_t>(runnel.memory.bytes / 1024, 1, most_kbytes);
  result["queued.max.messages.kbytes"] = std::to_string(kbytes);
  return result;
}

kafka::Properties properties_of(const config::Producer& producer) {
  return plain(producer.kafka, kafka::Side::producer);
}

void check(const config::Config& config) {
  for (const auto& consumer : config.consumers) {
    try {
      kafka::check(kafka::Side::consumer, properties_of(consumer, config.runnel));
    } catch (const kafka::PropertyError& error) {
      throw refused(error, consumer.kafka, "consumer." + consumer.name);
    }
  }
  for (const auto& producer : config.producers) {
    try {
      kafka::check(kafka::Side::producer, properties_of(producer));
    } catch (const kafka::PropertyError& error) {
      throw refused(error, producer.kafka, "producer." + producer.name);
    }
  }
}

std::string summary(const config::Config& config) {
  const config::Size memory{config.runnel.memory.bytes * config.consumers.size()};
  return fmt::format(
      "the configuration can be used: {} consumers, {} producers; queued records take at most {}\n",
      config.consumers.size(), config.producers.size(), config::to_text(memory));
}

}  // namespace runnel::daemon
