#include "toml_text.hpp"

#include <runnel/config/config.hpp>
#include <runnel/config/units.hpp>

#include <fmt/core.h>

#include <utility>

namespace runnel::config {
namespace {

std::string toml(bool value) {
  return value ? "true" : "false";
}
std::string toml(std::int64_t value) {
  return std::to_string(value);
}
std::string toml(Duration value) {
  return quoted(to_text(value));
}
std::string toml(Size value) {
  return quoted(to_text(value));
}
std::string toml(Mode value) {
  return quoted(to_text(value));
}
std::string toml(const std::string& value) {
  return quoted(value);
}
std::string toml(const std::pair<std::string, std::string>& pair) {
  return fmt::format("[{}, {}]", quoted(pair.first), quoted(pair.second));
}

template <class T>
std::string toml(const std::vector<T>& values) {
  std::string out;
  for (const auto& value : values) out += (out.empty() ? "" : ", ") + toml(value);
  return '[' + out + ']';
}

template <class T>
std::string toml(const std::optional<T>& value) {
  return value ? toml(*value) : std::string();
}

class Dumper {
 public:
  explicit Dumper(const std::map<std::string, std::string>& references) : references_(references) {}

  void table(const std::string& path) { out_ += fmt::format("{}[{}]\n", out_.empty() ? "" : "\n", path); }

  void fields(const std::string& path, const std::vector<Field>& fields) {
    for (const auto& field : fields) {
      line(path, field.key, to_toml(field));
    }
  }

  /// An optional value that is left out has no text, and no line.
  void line(const std::string& path, std::string_view key, const std::string& value) {
    const auto reference = references_.find(fmt::format("{}.{}", path, key));
    const auto& shown = reference == references_.end() ? value : reference->second;
    if (!shown.empty()) out_ += fmt::format("{} = {}\n", key, shown);
  }

  void properties(const std::string& path, const Properties& properties) {
    if (properties.empty()) return;
    table(path);
    for (const auto& [name, property] : properties) {
      const auto shown = property.secret ? "(hidden)" : property.value;
      out_ += fmt::format("{} = {}\n", quoted(name),
                          property.reference.empty() ? quoted(shown) : property.reference);
    }
  }

  std::string take() { return std::move(out_); }

 private:
  const std::map<std::string, std::string>& references_;
  std::string out_;
};

}  // namespace

std::string to_toml(const Field& field) {
  return std::visit([](const auto* value) { return toml(*value); }, field.target);
}

std::string dump(const Config& original) {
  auto config = original;  // a field list binds variables, not constants
  Dumper dumper(config.hidden.references);
  dumper.table("runnel");
  dumper.fields("runnel", config.runnel.fields());
  dumper.properties("kafka", config.kafka);
  for (auto& producer : config.producers) {
    const auto path = "producer." + producer.name;
    dumper.table(path);
    dumper.fields(path, producer.fields());
    dumper.properties(path + ".kafka", producer.kafka);
  }
  for (auto& consumer : config.consumers) {
    const auto path = "consumer." + consumer.name;
    dumper.table(path);
    dumper.fields(path, consumer.fields());
    dumper.table(path + ".checkpoint");
    dumper.fields(path + ".checkpoint", consumer.checkpoint.fields());
    dumper.properties(path + ".kafka", consumer.kafka);
  }
  for (const auto& sink : config.sinks) {
    const auto path = "sink." + sink.name;
    dumper.table(path);
    dumper.line(path, "type", quoted(sink.type));
    dumper.fields(path, sink.options->fields());
  }
  return dumper.take();
}

}  // namespace runnel::config
