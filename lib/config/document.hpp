#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// A TOML document as a plain tree, each node with the place it came from: so only document.cpp knows toml++.
namespace runnel::config {

struct Node;
using Table = std::map<std::string, Node, std::less<>>;
using Array = std::vector<Node>;

/// A date or a time: a configuration has no use for them.
struct Unused {};

struct Node {
  std::variant<Table, Array, std::string, std::int64_t, double, bool, Unused> value;
  std::string where;  // of its key if it has one: "FILE:LINE:COLUMN", or "--set KEY"

  const Table* table() const { return std::get_if<Table>(&value); }

  /// "a string", "an integer", …
  std::string_view what() const;
};

/// Throws Error, which says `where`, the key, and why.
[[noreturn]] void fail(const std::string& where, const std::string& key, const std::string& why);

/// Errors: Error.
Node parse_document(std::string_view text, const std::string& name);

/// Puts the value of one --set KEY=VALUE into a document whose `kafka` tables are flat, and leaves them flat.
/// Errors: Error.
void apply_set(Node& root, std::string_view set);

/// Makes every `kafka` table flat: however a property was written (dotted, quoted, as tables), its key is its
/// dotted name. Errors: Error for a property that stands twice.
void flatten_kafka(Node& root);

/// Puts a text in the place of each credential: its name.
void name_credentials(Node& node);

/// Whether it is `{ file = "…" }`, `{ env = "…" }` or `{ credential = "…" }`.
bool is_reference(const Node& node);

}  // namespace runnel::config
