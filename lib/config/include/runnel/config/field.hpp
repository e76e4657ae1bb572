#pragma once

#include <runnel/format/template.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace runnel::config {

using Duration = std::chrono::milliseconds;

/// A number of bytes; in a file a string with a unit ("64MiB").
struct Size {
  std::uint64_t bytes = 0;
  auto operator<=>(const Size&) const = default;
};

/// A file mode; in a file an octal string ("0640").
struct Mode {
  unsigned bits = 0;
  auto operator<=>(const Mode&) const = default;
};

/// One key of a table, bound to the variable that takes its value. The variable's value before loading is the
/// default. Loading, --dump-config and the test of conf/runneld.toml all visit the same list, so a key is
/// described once.
struct Field {
  using Pairs = std::vector<std::pair<std::string, std::string>>;  // in a file [["name", "value"], …]
  using Target = std::variant<bool*, std::int64_t*, std::optional<std::int64_t>*, Duration*, Size*, Mode*,
                              std::string*, std::optional<std::string>*, std::vector<std::string>*, Pairs*>;

  std::string_view key;
  Target target;
  std::string_view doc;  // one sentence: what it is, with its unit
  bool required = false;
  std::int64_t least = 0;  // of numbers, durations (ms) and sizes (bytes)
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
  std::vector<std::string_view> choices = {};        // of strings; empty: any
  std::optional<format::Use> template_for = {};      // checked as a template for this use when it is loaded
  std::string (*wrong)(std::string_view) = nullptr;  // of a string: why it cannot stand there; empty: it can
  bool in_place = false;                             // a reload changes it without a new start of the part
};

/// The options of one [sink.NAME], which only the sink's own file knows; the others visit its fields.
class SinkOptions {
 public:
  virtual ~SinkOptions() = default;
  virtual std::vector<Field> fields() = 0;

  /// What is wrong when each key by itself is right: the key to change, and why. An empty key: nothing.
  struct Wrong {
    std::string_view key;
    std::string_view why;
  };
  virtual Wrong wrong() const { return {}; }
};

/// What loading must know of a type of sink.
struct SinkKind {
  std::string_view type;
  std::string_view doc;
  std::unique_ptr<SinkOptions> (*options)() = nullptr;
};

}  // namespace runnel::config
