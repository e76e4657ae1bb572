#pragma once

#include <string>
#include <string_view>

namespace runnel::config {

/// A regular expression over topics, as librdkafka takes it on Linux (POSIX extended).
bool is_pattern(std::string_view topic);

/// Why Kafka would refuse this name of a topic; empty when it would not.
std::string wrong_topic(std::string_view name);

/// Why the pattern does not compile; empty when it does.
std::string wrong_pattern(const std::string& pattern);

/// Whether a pattern that compiles matches the topic.
bool matches(const std::string& pattern, const std::string& topic);

}  // namespace runnel::config
