#include "handles.hpp"

#include <runnel/kafka/properties.hpp>

#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

namespace runnel::kafka {
namespace {

// The name and the side ("C", "P", "*") of every property, as this librdkafka itself prints them in its
// table.
std::map<std::string, std::string> read_sides() {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* memory = open_memstream(&text, &size);
  rd_kafka_conf_properties_show(memory);
  std::fclose(memory);
  std::istringstream lines(std::string(text, size));
  std::free(text);  // NOLINT(cppcoreguidelines-no-malloc): open_memstream(3) says so

  std::map<std::string, std::string> sides;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    std::string bar;
    std::string side;
    if (words >> name >> bar >> side && bar == "|") sides.emplace(name, side);
  }
  return sides;
}

const std::map<std::string, std::string>& sides() {
  static const auto table = read_sides();
  return table;
}

void set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  char reason[512];
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason, sizeof reason) != RD_KAFKA_CONF_OK)
    throw PropertyError(name, reason);
}

}  // namespace

Properties only_for(Side side, const Properties& properties) {
  const auto* other = side == Side::consumer ? "P" : "C";
  auto result = properties;
  std::erase_if(result, [&](const auto& property) {
    auto known = sides().find(property.first);
    return known != sides().end() && known->second == other;
  });
  return result;
}

std::vector<std::string> property_names() {
  std::vector<std::string> names;
  for (const auto& [name, side] : sides()) names.push_back(name);
  return names;
}

delivery::Reset reset_of(const Properties& properties) {
  static const std::set<std::string> earliest = {"earliest", "smallest", "beginning"};
  auto found = properties.find("auto.offset.reset");
  if (found == properties.end()) return delivery::Reset::latest;
  if (earliest.contains(found->second)) return delivery::Reset::earliest;
  return found->second == "error" ? delivery::Reset::error : delivery::Reset::latest;
}

Conf make_conf(Side side, const Properties& properties) {
  Conf conf(rd_kafka_conf_new());
  const Properties defaults =
      side == Side::consumer
          ? Properties{{"topic.metadata.refresh.interval.ms", "20000"}}  // new topics are found within 30 s
          : Properties{{"enable.idempotence", "true"}, {"queue.buffering.max.kbytes", "8192"}};
  const Properties ours = side == Side::consumer ? Properties{{"enable.auto.commit", "false"},
                                                              {"enable.auto.offset.store", "false"},
                                                              {"enable.partition.eof", "false"}}
                                                 : Properties{};
  for (const auto& [name, value] : defaults) set(conf.get(), name, value);
  // How soon a fetch thread whose queue was full looks again. Before librdkafka 2.2 see Fetching::wake().
  constexpr auto look_again = "fetch.queue.backoff.ms";
  if (side == Side::consumer && sides().contains(look_again)) set(conf.get(), look_again, "5");
  for (const auto& [name, value] : properties) set(conf.get(), name, value);
  for (const auto& [name, value] : ours) set(conf.get(), name, value);
  // Positions are resolved by delivery::begin(); this is for a log that lost the position while it is read.
  if (side == Side::consumer) set(conf.get(), "auto.offset.reset", "earliest");
  set(conf.get(), "log.queue", "true");
  return conf;
}

Handle make_handle(Side side, Conf conf) {
  char reason[512];
  const auto type = side == Side::consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER;
  Handle handle(rd_kafka_new(type, conf.get(), reason, sizeof reason));
  if (!handle) throw PropertyError("", reason);
  std::ignore = conf.release();  // rd_kafka_new has taken it
  return handle;
}

void check(Side side, const Properties& properties) {
  auto without_brokers = properties;
  without_brokers.erase("bootstrap.servers");
  without_brokers.erase("metadata.broker.list");
  auto conf = make_conf(side, without_brokers);
  // Nobody reads its log queue, which is what keeps it silent.
  std::ignore = make_handle(side, std::move(conf));
}

std::string versions() {
  return fmt::format("librdkafka {} (built with {}.{}.{})", rd_kafka_version_str(), RD_KAFKA_VERSION >> 24,
                     RD_KAFKA_VERSION >> 16 & 0xff, RD_KAFKA_VERSION >> 8 & 0xff);
}

}  // namespace runnel::kafka
