#pragma once

#include "document.hpp"

#include <runnel/config/config.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace runnel::config {

/// Whether a property of librdkafka, or a part of its name, is one whose value is never printed.
bool is_secret(std::string_view name);

/// The passwords of addresses that have one: scheme://user:password@host.
std::vector<std::string> passwords_in(std::string_view value);

/// Reads the flat `kafka` table of a section on top of `properties`.
/// Errors: Error; also for a property that Runnel sets itself.
void read_properties(const Node& node, const std::string& key, Properties& properties);

}  // namespace runnel::config
