#pragma once

#include <runnel/config/field.hpp>
#include <runnel/format/formatter.hpp>

#include <string>
#include <vector>

namespace runnel::sinks {

/// The keys of every sink that turns records into bytes.
struct FormatOptions {
  std::string format = "raw";
  bool embed = false;

  void add_fields(std::vector<config::Field>& fields);
  format::Format chosen() const;
};

}  // namespace runnel::sinks
