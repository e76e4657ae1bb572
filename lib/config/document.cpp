#include "document.hpp"

#include "properties.hpp"

#include <runnel/config/config.hpp>

#include <fmt/core.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

namespace runnel::config {
namespace {

constexpr std::string_view by_set = "--set ";

/// A value of --set has no line worth naming.
std::string where(const toml::source_region& region) {
  const std::string name = region.path ? *region.path : std::string();
  return name.starts_with(by_set) ? name
                                  : fmt::format("{}:{}:{}", name, region.begin.line, region.begin.column);
}

Node convert(const toml::node& from, std::string place);

Table convert_table(const toml::table& from) {
  Table table;
  for (const auto& [key, value] : from) {
    table.emplace(std::string(key.str()), convert(value, where(key.source())));
  }
  return table;
}

Array convert_array(const toml::array& from) {
  Array array;
  for (const auto& value : from) array.push_back(convert(value, where(value.source())));
  return array;
}

Node convert(const toml::node& from, std::string place) {
  Node node;
  node.where = std::move(place);
  from.visit([&](const auto& value) {
    if constexpr (toml::is_table<decltype(value)>) {
      node.value = convert_table(value);
    } else if constexpr (toml::is_array<decltype(value)>) {
      node.value = convert_array(value);
    } else if constexpr (std::is_constructible_v<decltype(node.value), decltype(value.get())>) {
      node.value = value.get();
    } else {
      node.value = Unused{};
    }
  });
  return node;
}

/// toml++ quotes what it could not read, which may be a part of a password that has no quotes.
bool may_show_a_secret(std::string_view text, toml::source_index line) {
  for (; line > 1 && text.find('\n') != text.npos; --line) text.remove_prefix(text.find('\n') + 1);
  const auto statement = text.substr(0, text.find('\n'));
  return is_secret(statement.substr(0, statement.find('=')));
}

std::optional<toml::table> parse_quietly(const std::string& text, const std::string& name) {
  try {
    return toml::parse(text, name);
  } catch (const toml::parse_error&) {
    return std::nullopt;
  }
}

/// The `=` between a key, which may have quoted parts, and its value.
std::size_t find_equals(std::string_view set) {
  char quote = 0;
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (quote == 0 && set[i] == '=') return i;
    if (quote == 0 && (set[i] == '"' || set[i] == '\'')) {
      quote = set[i];
    } else if (set[i] == quote) {
      quote = 0;
    }
  }
  return set.npos;
}

std::vector<std::string> parse_path(const std::string& key, const std::string& name) {
  const auto document = parse_quietly(key + " = 0", name);
  std::vector<std::string> path;
  for (const toml::node* node = document ? &*document : nullptr; node && node->is_table();) {
    const auto& table = *node->as_table();
    if (table.size() != 1) break;
    path.emplace_back(table.begin()->first.str());
    node = &table.begin()->second;
  }
  if (path.empty()) {
    const auto begin = key.substr(0, key.find_first_of(" \t:"));  // what follows may be a value, and a secret
    fail(std::string(by_set) + begin, begin,
         "this is not a key; write a dotted one, such as kafka.bootstrap.servers=localhost:9092");
  }
  return path;
}

/// A slip in these must not pass as a bare word; but [::1]:9092 is one.
bool means_toml(std::string_view value) {
  return value.starts_with('"') || value.starts_with('\'') ||
         (value.starts_with('[') && value.ends_with(']')) || (value.starts_with('{') && value.ends_with('}'));
}

/// A TOML value, or a bare word as a string.
Node parse_value(const std::string& value, const std::string& name) {
  // Read as the first of two elements, so that nothing behind a whole value (a comment, a comma) is dropped.
  if (const auto document = parse_quietly("v = [" + value + ", 0]", name);
      document && document->size() == 1) {
    if (const auto* array = document->get_as<toml::array>("v"); array && array->size() == 2) {
      return convert(*array->get(0), name);
    }
  }
  if (means_toml(value)) {
    fail(name, "the value",
         "it begins and ends like a TOML string, array or table but is none; put it in quotes, for TOML and "
         "for the "
         "shell: '\"…\"'");
  }
  return Node{value, name};
}

/// Where a property of librdkafka stands its name is one key: its dots are no tables.
void join_property(std::vector<std::string>& path) {
  std::size_t begin = path.size();
  if (path[0] == "kafka") begin = 1;
  if (path.size() > 2 && (path[0] == "consumer" || path[0] == "producer") && path[2] == "kafka") begin = 3;
  for (; begin + 1 < path.size(); path.erase(path.begin() + static_cast<std::ptrdiff_t>(begin) + 1)) {
    path[begin] += '.' + path[begin + 1];
  }
}

/// `path` is that of the `kafka` table, for messages.
void flatten(Table& from, const std::string& path, const std::string& prefix, Table& out) {
  for (auto& [key, node] : from) {
    auto name = prefix + key;
    auto* inner = std::get_if<Table>(&node.value);
    if (inner && !inner->empty() && !is_reference(node)) {
      flatten(*inner, path, name + '.', out);
    } else if (const auto [other, fresh] = out.try_emplace(name, node); !fresh) {
      fail(node.where, path + '.' + name,
           fmt::format("it stands twice, the other time at {}; remove one", other->second.where));
    }
  }
}

void flatten_in(Table& table, const std::string& path) {
  const auto found = table.find("kafka");
  if (found == table.end() || !found->second.table()) return;
  Table flat;
  flatten(std::get<Table>(found->second.value), path, "", flat);
  found->second.value = std::move(flat);
}

}  // namespace

std::string_view Node::what() const {
  constexpr std::array<std::string_view, 7> names{"a table", "an array",      "a string", "an integer",
                                                  "a float", "true or false", "a date"};
  return names.at(value.index());
}

void fail(const std::string& where, const std::string& key, const std::string& why) {
  throw Error(fmt::format("{}: {}: {}", where, key, why));
}

Node parse_document(std::string_view text, const std::string& name) {
  try {
    return convert(toml::parse(text, name), name);
  } catch (const toml::parse_error& error) {
    const auto line = error.source().begin.line;
    const bool hide = may_show_a_secret(text, line) || (line > 1 && may_show_a_secret(text, line - 1));
    const bool bare = error.description().find("could not determine value type") != std::string_view::npos;
    throw Error(fmt::format("{}: this is not TOML: {}{}", where(error.source()),
                            hide ? "the value cannot be read" : error.description(),
                            hide || bare ? "; a string stands in quotes" : ""));
  }
}

void apply_set(Node& root, std::string_view set) {
  const auto equals = find_equals(set);
  const std::string key(set.substr(0, equals == set.npos ? set.find('=') : equals));
  const auto name = std::string(by_set) + key;
  if (equals == set.npos) throw Error(name + ": there is no value; write --set KEY=VALUE");
  auto path = parse_path(key, name);
  join_property(path);

  auto* table = &std::get<Table>(root.value);
  std::string so_far;
  for (const auto& step : std::span(path).first(path.size() - 1)) {
    so_far += (so_far.empty() ? "" : ".") + step;
    auto& next = table->try_emplace(step, Node{Table(), name}).first->second;
    table = std::get_if<Table>(&next.value);
    if (!table) fail(name, so_far, fmt::format("it is {} at {} and has no keys", next.what(), next.where));
  }
  table->insert_or_assign(path.back(), parse_value(std::string(set.substr(equals + 1)), name));
  flatten_kafka(root);
}

void flatten_kafka(Node& root) {
  auto& sections = std::get<Table>(root.value);
  flatten_in(sections, "kafka");
  for (const auto* kind : {"producer", "consumer"}) {
    const auto found = sections.find(kind);
    if (found == sections.end()) continue;
    auto* named = std::get_if<Table>(&found->second.value);
    if (!named) continue;
    for (auto& [name, node] : *named) {
      if (auto* table = std::get_if<Table>(&node.value))
        flatten_in(*table, fmt::format("{}.{}.kafka", kind, name));
    }
  }
}

void name_credentials(Node& node) {
  if (auto* array = std::get_if<Array>(&node.value)) std::ranges::for_each(*array, name_credentials);
  auto* table = std::get_if<Table>(&node.value);
  if (table == nullptr) return;
  for (auto& [key, child] : *table) name_credentials(child);
  if (!is_reference(node) || table->begin()->first != "credential") return;
  auto name = std::get<std::string>(table->begin()->second.value);
  node.value = std::move(name);
}

bool is_reference(const Node& node) {
  const auto* table = node.table();
  if (!table || table->size() != 1) return false;
  const auto& [key, value] = *table->begin();
  return (key == "file" || key == "env" || key == "credential") &&
         std::holds_alternative<std::string>(value.value);
}

}  // namespace runnel::config
