#pragma once

#include <runnel/config/field.hpp>
#include <runnel/format/formatter.hpp>

#include <optional>
#include <string>
#include <vector>

namespace runnel::sinks {

/// The keys of every sink that turns records into bytes; the base of its options.
struct FormatOptions : config::SinkOptions {
  std::string format = "raw";
  bool embed = false;
  std::optional<std::string> pattern;

  void add_fields(std::vector<config::Field>& fields);
  Wrong wrong() const override;
  format::Format chosen() const;
};

}  // namespace runnel::sinks
