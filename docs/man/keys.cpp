#include <runnel/config/config.hpp>
#include <runnel/config/units.hpp>
#include <runnel/sinks/registry.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Fills the frame of runneld.toml(5), from standard input to standard output, both in scdoc(5)'s language: in
// place of a line "@NAME@", which stands right below another, come the keys of that table, from the field
// lists that load a configuration.
namespace runnel {
namespace {

using config::Field;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\*_+#").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string_view type_of(const Field& field) {
  struct Visitor {
    std::string_view operator()(const bool*) const { return "true or false"; }
    std::string_view operator()(const std::int64_t*) const { return "whole number"; }
    std::string_view operator()(const config::Duration*) const { return "duration"; }
    std::string_view operator()(const config::Size*) const { return "size"; }
    std::string_view operator()(const config::Mode*) const { return "octal digits in a string"; }
    std::string_view operator()(const std::string*) const { return "string"; }
    std::string_view operator()(const std::vector<std::string>*) const { return "array of strings"; }
    std::string_view operator()(const Field::Pairs*) const { return "array of pairs of strings"; }
    std::string_view operator()(const std::optional<std::int64_t>*) const { return "whole number"; }
    std::string_view operator()(const std::optional<std::string>*) const { return "string"; }
  };
  return std::visit(Visitor(), field.target);
}

std::string limit(const Field& field, std::int64_t value) {
  if (std::holds_alternative<config::Duration*>(field.target))
    return config::to_text(config::Duration(value));
  if (std::holds_alternative<config::Size*>(field.target))
    return config::to_text(config::Size{static_cast<std::uint64_t>(value)});
  return std::to_string(value);
}

/// "From 1MiB to 64GiB.", or nothing.
std::string limits(const Field& field) {
  if (field.most != std::numeric_limits<std::int64_t>::max())
    return fmt::format(" From {} to {}.", limit(field, field.least), limit(field, field.most));
  return field.least > 0 ? fmt::format(" At least {}.", limit(field, field.least)) : "";
}

std::string described(const Field& field) {
  std::string text(field.doc);
  if (!field.choices.empty()) text += fmt::format(" One of {}.", fmt::join(field.choices, ", "));
  text += limits(field);
  const auto value = to_toml(field);
  if (field.required)
    text += " Required.";
  else if (!value.empty())
    text += fmt::format(" Default: {}.", value);
  if (field.in_place) text += " A reload changes it in place.";
  return text;
}

class Keys {
 public:
  std::string list(const std::vector<Field>& fields, const std::string& of, const std::string& before = "") {
    std::string out;
    for (const auto& field : fields) {
      auto text = described(field);
      // What several sinks share is told once.
      const auto [first, fresh] = told_.try_emplace(std::string(field.key) + text, of);
      if (!fresh) text = "As for " + first->second + '.';
      out += fmt::format("\n*{}{}* ({})\n\t{}\n", escaped(before), escaped(field.key), type_of(field),
                         escaped(text));
    }
    return out;
  }

  std::string sinks() {
    std::string out;
    for (const auto& kind : sinks::registry()) {
      const auto type = std::string(kind.config.type);
      out += fmt::format("\n## Of type {}\n\n{}\n{}", escaped(type), escaped(kind.config.doc),
                         list(kind.config.options()->fields(), type));
    }
    return out;
  }

 private:
  std::map<std::string, std::string> told_;  // key and text: the type of sink they were told of
};

std::string fill(std::string_view marker, Keys& keys) {
  if (marker == "@runnel@") return keys.list(config::Runnel().fields(), "runnel");
  if (marker == "@producer@") return keys.list(config::Producer().fields(), "producer");
  if (marker == "@consumer@") {
    config::Consumer consumer;
    return keys.list(consumer.fields(), "consumer") +
           keys.list(consumer.checkpoint.fields(), "checkpoint", "checkpoint.");
  }
  if (marker == "@sinks@") return keys.sinks();
  return std::string(marker) + '\n';
}

}  // namespace
}  // namespace runnel

int main() {
  runnel::Keys keys;
  for (std::string line; std::getline(std::cin, line);) std::cout << runnel::fill(line, keys);
  return std::cout.flush() ? 0 : 1;
}
