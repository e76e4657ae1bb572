#pragma once

#include "document.hpp"
#include "reference.hpp"

#include <runnel/config/config.hpp>

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::config {

/// Reads one table, each key once, and complains of the first key that nobody asked for.
///
/// Every call throws Error. The node outlives it.
class Section {
 public:
  /// `hidden` gathers what Config::hidden holds.
  Section(const Node& node, std::string path, Hidden& hidden);

  /// The node of a key; none if it is left out.
  const Node* take(std::string_view key);

  /// A string that must be there; `mend` is what to do about it when it is not.
  Text take_text(std::string_view key, const std::string& mend);

  /// Sets the variables of the fields.
  void fill(const std::vector<Field>& fields);

  /// Nothing else may stand here.
  void finish() const;

  /// Throws, for one of the keys, or for the table itself if the key does not stand in it.
  [[noreturn]] void refuse(std::string_view key, const std::string& why) const;

  /// For messages: a string that was read, in quotes, unless it came from elsewhere.
  std::string shown(std::string_view key, const std::string& value) const;

  std::string path_of(std::string_view key) const;
  const Table& table() const { return *node_.table(); }

 private:
  const Node& node_;
  std::string path_;
  Hidden& hidden_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace runnel::config
