#include "setup.hpp"

#include "notify.hpp"
#include "protection.hpp"

#include <runnel/config/units.hpp>
#include <runnel/delivery/memory.hpp>
#include <runnel/format/nearest.hpp>

#include <fmt/core.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace runnel::daemon {
namespace {

kafka::Properties plain(const config::Properties& properties, kafka::Side side) {
  kafka::Properties result;
  for (const auto& [name, property] : properties) result.emplace(name, property.value);
  return kafka::only_for(side, result);
}

// librdkafka names the property when it sets it, but not when it judges the whole; then its sentence holds
// the value, or the name, that it does not like.
config::Properties::const_iterator find_culprit(const kafka::PropertyError& error,
                                                const config::Properties& properties) {
  const auto named = properties.find(error.property);
  if (named != properties.end()) return named;
  const std::string_view reason = error.what();
  return std::ranges::find_if(properties, [reason](const auto& each) {
    const auto& [name, property] = each;
    const bool has_value =
        !property.secret && property.value.size() > 2 && reason.find(property.value) != reason.npos;
    return has_value || reason.find(name) != reason.npos;
  });
}

// librdkafka's sentence, with the place that it is about.
config::Error refused(const kafka::PropertyError& error, const config::Properties& properties,
                      const std::string& flow) {
  const auto culprit = find_culprit(error, properties);
  if (culprit == properties.end())
    return config::Error(fmt::format("{}: librdkafka refuses it: {}", flow, error.what()));
  const auto& [name, property] = *culprit;
  const auto known = kafka::property_names();
  if (std::ranges::find(known, name) == known.end()) {
    const std::vector<std::string_view> names(known.begin(), known.end());
    const auto near = format::nearest(name, names);
    return config::Error(
        fmt::format("{}: kafka.{}: librdkafka has no such property{}; see its CONFIGURATION.md",
                    property.origin, name, near.empty() ? "" : fmt::format("; did you mean {}?", near)));
  }
  return config::Error(fmt::format("{}: kafka.{}: {}; see librdkafka's CONFIGURATION.md for what it takes",
                                   property.origin, name, error.what()));
}

void check(kafka::Side side, const kafka::Properties& properties, const config::Properties& origins,
           const std::string& flow) {
  try {
    kafka::check(side, properties);
  } catch (const kafka::PropertyError& error) {
    throw refused(error, origins, flow);
  }
}

std::string user_name() {
  const auto* entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
}

// A service that may not write where it is told to would try for ever. Elsewhere that can be mended while it
// tries; but what a unit forbids stays so until the service is started anew.
void check_paths(const config::Config& config, const std::string& unit) {
  for (const auto& sink : config.sinks) {
    for (const auto& field : sink.options->fields()) {
      if (field.template_for != format::Use::path) continue;
      const auto* path = std::get_if<std::string*>(&field.target);
      if (path == nullptr) continue;
      if (const auto place = find_forbidden(**path))
        throw config::Error(
            refusal_of(*place, fmt::format("sink.{}.{}", sink.name, field.key), unit, user_name()));
    }
  }
}

}  // namespace

kafka::Properties properties_of(const config::Consumer& consumer, const config::Runnel& runnel) {
  constexpr std::uint64_t most_kbytes = 2'097'151;  // librdkafka's own limit
  auto result = plain(consumer.kafka, kafka::Side::consumer);
  const auto shares = delivery::share(runnel.memory.bytes);
  const auto kbytes = std::clamp<std::uint64_t>(shares.queued_bytes / 1024, 1, most_kbytes);
  result["queued.max.messages.kbytes"] = std::to_string(kbytes);
  result.try_emplace("queued.min.messages", std::to_string(shares.queued_records));
  return result;
}

kafka::Properties properties_of(const config::Producer& producer) {
  return plain(producer.kafka, kafka::Side::producer);
}

void check(const config::Config& config) {
  for (const auto& consumer : config.consumers)
    check(kafka::Side::consumer, properties_of(consumer, config.runnel), consumer.kafka,
          "consumer." + consumer.name);
  for (const auto& producer : config.producers)
    check(kafka::Side::producer, properties_of(producer), producer.kafka, "producer." + producer.name);
  if (const auto unit = own_unit()) check_paths(config, *unit);
}

std::string summary(const config::Config& config) {
  const config::Size memory{config.runnel.memory.bytes * config.consumers.size()};
  return fmt::format(
      "the configuration can be used: {} consumers, {} producers; records that are queued and in flight take "
      "at most {}\n",
      config.consumers.size(), config.producers.size(), config::to_text(memory));
}

}  // namespace runnel::daemon
