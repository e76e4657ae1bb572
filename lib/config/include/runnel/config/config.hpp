#pragma once

#include <runnel/config/field.hpp>

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// What a configuration file says, as plain structs. Defaults stand in place; limits stand in the field lists.
namespace runnel::config {

/// A librdkafka property. Secret: never printed (a secret property, an address with a password in it, or a
/// value from a file, the environment or a credential).
struct Property {
  std::string value;
  bool secret = false;
  std::string origin;     // "FILE:LINE:COLUMN", or "--set KEY"
  std::string reference;  // as TOML ({ file = "…" }), when the value came from elsewhere
  std::string stamp;      // of the file that it names, if it names one: changes when the file does
};
using Properties = std::map<std::string, Property>;

struct Runnel {
  std::string state_dir;  // empty: where the environment says
  Size memory{64 << 20};
  Duration drain = std::chrono::seconds(20);
  std::string log_level = "info";

  std::vector<Field> fields();
};

struct Producer {
  std::string name;
  std::string topic;
  Duration interval = std::chrono::seconds(1);
  std::optional<std::int64_t> count;  // none: for ever
  std::optional<std::string> key;     // templates, as are value and the headers' values
  std::string value;
  Field::Pairs headers;
  Properties kafka;  // [kafka] and the producer's own merged

  std::vector<Field> fields();
};

struct Checkpoint {
  Duration interval = std::chrono::seconds(1);
  Size bytes{256 << 20};

  std::vector<Field> fields();
};

struct Consumer {
  std::string name;
  std::vector<std::string> topics;  // names, or ^regex
  std::vector<std::string> sinks;   // names of [sink.NAME]
  Checkpoint checkpoint;
  Properties kafka;  // [kafka] and the consumer's own merged

  std::vector<Field> fields();
};

struct Sink {
  std::string name;
  std::string type;
  std::shared_ptr<SinkOptions> options;
};

/// What came from a file, the environment or a credential, besides properties: it is never printed.
struct Hidden {
  std::map<std::string, std::string> references;  // by key ("sink.files.path"), as TOML
  std::vector<std::string> values;
};

struct Config {
  Runnel runnel;
  Properties kafka;
  std::vector<Producer> producers;
  std::vector<Consumer> consumers;
  std::vector<Sink> sinks;
  Hidden hidden;
};

/// A configuration that cannot be used: one sentence with file, line, column, key, why, and what to do.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Where a configuration comes from.
struct Input {
  std::string text;
  std::string name;                 // of the file, for messages
  std::vector<std::string> sets;    // KEY=VALUE of --set, in order
  bool allow_empty = false;         // no consumer and no producer is an error unless this is set
  bool hidden_credentials = false;  // nobody can read them here: each stands for a text that is not known
};

/// Parses, fills in defaults, and checks everything that can be checked without librdkafka.
/// Errors: Error.
Config load(const Input& input, std::span<const SinkKind> kinds);

/// Every text of it that may stand in no output.
std::vector<std::string> secrets(const Config& config);

/// The value of the field's variable as TOML; empty when it is an optional one that has none.
std::string to_toml(const Field& field);

/// The whole configuration as TOML that load() takes, defaults included. What came from a file, the
/// environment or a credential is shown as the reference that it was; any other secret is "(hidden)".
std::string dump(const Config& original);

}  // namespace runnel::config
