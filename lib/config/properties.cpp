#include "properties.hpp"

#include "reference.hpp"
#include "toml_text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <utility>

namespace runnel::config {
namespace {

struct Refused {
  std::string_view name;
  std::string_view why;
};

constexpr std::string_view commits =
    "Runnel commits a position itself, once every sink has delivered it; consumer.NAME.checkpoint says how "
    "often";
constexpr std::string_view events = "Runnel chooses itself what it hears from librdkafka";

constexpr std::array refused{
    Refused{"enable.auto.commit", commits},
    Refused{"auto.commit.enable", commits},
    Refused{"auto.commit.interval.ms", commits},
    Refused{"enable.auto.offset.store", commits},
    Refused{"offset.store.method", commits},
    Refused{"offset.store.path", commits},
    Refused{"offset.store.sync.interval.ms", commits},
    Refused{"enable.partition.eof", "Runnel finds the end of a partition by its position"},
    Refused{"enabled_events", events},
    Refused{"log.queue", events},
    Refused{"internal.termination.signal", "Runnel handles the signals of its process itself"},
    Refused{"queued.max.messages.kbytes", "Runnel divides runnel.memory itself; set that instead"},
    Refused{"transactional.id", "Runnel produces without transactions"},
};

constexpr std::array<std::string_view, 7> resets{"earliest", "smallest", "beginning", "latest",
                                                 "largest",  "end",      "error"};

std::string shortest(double number) {
  std::array<char, 32> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  return {buffer.data(), result.ptr};
}

Text read_value(const Node& node, const std::string& key) {
  if (const auto* number = std::get_if<std::int64_t>(&node.value)) return {std::to_string(*number), ""};
  if (const auto* number = std::get_if<double>(&node.value)) return {shortest(*number), ""};
  if (const auto* flag = std::get_if<bool>(&node.value)) return {*flag ? "true" : "false", ""};
  return read_text(node, key, "a string, a number, true or false");
}

// librdkafka reads it once, when a handle is made.
bool names_a_file(std::string_view property) {
  return property.ends_with(".location") || property.ends_with(".keytab") || property.ends_with(".file");
}

std::string stamp_of(const std::string& path) {
  std::error_code error;
  const auto written = std::filesystem::last_write_time(path, error);
  return error ? "none" : std::to_string(written.time_since_epoch().count());
}

Property read_property(const std::string& name, const Node& node, const std::string& key) {
  if (const auto* found = std::ranges::find(refused, name, &Refused::name); found != refused.end()) {
    fail(node.where, key, fmt::format("this property cannot be set: {}; remove it", found->why));
  }
  for (const auto* reference : {".file", ".env", ".credential"}) {
    if (name.ends_with(reference)) {
      fail(node.where, key,
           "a table that says where a value is holds exactly one of file, env and credential, "
           "with a string");
    }
  }
  auto text = read_value(node, key);
  if (text.value.find('\0') != text.value.npos) {
    fail(node.where, key, "a property of librdkafka cannot hold a NUL character; remove it");
  }
  const bool secret = is_secret(name) || !text.reference.empty() || !passwords_in(text.value).empty();
  if (name == "auto.offset.reset" && std::ranges::find(resets, text.value) == resets.end()) {
    fail(node.where, key,
         fmt::format("{} says nothing; write \"earliest\", \"latest\" or \"error\"", text.shown()));
  }
  auto stamp = names_a_file(name) ? stamp_of(text.value) : std::string();
  return {std::move(text.value), secret, node.where, std::move(text.reference), std::move(stamp)};
}

}  // namespace

bool is_secret(std::string_view name) {
  // By parts of the name, because librdkafka gains such properties: sasl.password, ssl.key.password,
  // ssl.keystore.password, ssl.key.pem, sasl.oauthbearer.client.secret, ….private.key.passphrase, ….
  constexpr std::array<std::string_view, 6> parts{"password", "passphrase",         "secret",
                                                  "key.pem",  "oauthbearer.config", "jaas"};
  return std::ranges::any_of(parts, [&](auto part) { return name.find(part) != name.npos; });
}

std::vector<std::string> passwords_in(std::string_view value) {
  std::vector<std::string> found;
  for (auto at = value.find('@'); at != value.npos; at = value.find('@', at + 1)) {
    const auto before = value.substr(0, at);
    const auto user = before.substr(before.find_last_of("/, \t") + 1);  // npos + 1 is 0
    const auto colon = user.find(':');
    if (colon != user.npos && colon + 1 < user.size()) found.emplace_back(user.substr(colon + 1));
  }
  return found;
}

void read_properties(const Node& node, const std::string& key, Properties& properties) {
  const auto* table = node.table();
  if (!table) {
    fail(node.where, key,
         fmt::format("a table of librdkafka's properties must stand here, not {}", node.what()));
  }
  for (const auto& [name, value] : *table) {
    properties.insert_or_assign(name, read_property(name, value, key + '.' + name));
  }
}

}  // namespace runnel::config
