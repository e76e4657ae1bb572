#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace runnel::format {

/// Where a template stands decides which placeholders it may hold.
enum class Use {
  heartbeat,  // {seq} {time:…} {utc:…} {hostname} {name}
  path,       // {topic} {partition} {time:…} {utc:…} {hostname}
};

/// What placeholders are replaced by. `time` is the tick's scheduled instant, or the record's timestamp.
struct Values {
  std::chrono::system_clock::time_point time;
  std::uint64_t seq = 0;
  std::string_view name;
  std::string_view topic;
  std::int32_t partition = 0;
};

/// What is wrong with a template: one sentence that names the placeholder.
class TemplateError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Text with placeholders. A `{` followed by a letter begins one, `{{` is a literal `{`, every other brace is
/// itself, so JSON needs no escapes.
class Template {
 public:
  /// Errors: TemplateError for a placeholder that is unknown, not for this use, or unfinished.
  Template(std::string_view text, Use use);

  /// Appends the text with its placeholders replaced. In a path what a record brings is made safe: no `/`, no
  /// `..`, no control character, at most 200 bytes.
  void render(const Values& values, std::string& out) const;
  std::string render(const Values& values) const;

  /// What every result begins with: the text before the first placeholder.
  std::string beginning() const;

  /// The same path however it is spelled: absolute, and without links, as far as its directories are known
  /// before the first placeholder. What cannot be looked up stays as it is. Blocks for as long as the disk
  /// does.
  Template resolved() const;

  /// Whether there is no placeholder, so that beginning() is all of it.
  bool is_constant() const;

  /// Whether the result changes with the time, and so with each record.
  bool uses_time() const;

  /// Whether each partition has a result of its own.
  bool uses_partition() const;

 private:
  enum class What { seq, time, utc, hostname, name, topic, partition };
  struct Placeholder {
    What what;
    std::string pattern;  // of time and utc, for strftime(3)
  };
  std::size_t parse(std::string_view text);
  std::optional<What> find(std::string_view name) const;
  bool uses(What what) const;

  Use use_;
  std::vector<std::variant<std::string, Placeholder>> parts_;
};

}  // namespace runnel::format
