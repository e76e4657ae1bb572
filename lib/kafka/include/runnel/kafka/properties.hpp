#pragma once

#include <runnel/delivery/begin.hpp>

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace runnel::kafka {

/// librdkafka's configuration properties, by name.
using Properties = std::map<std::string, std::string>;

/// librdkafka refuses a property. `property` is empty when it refuses the whole.
class PropertyError : public std::runtime_error {
 public:
  PropertyError(std::string name, const std::string& reason)
      : std::runtime_error(reason), property(std::move(name)) {}

  std::string property;
};

enum class Side { consumer, producer };

/// The properties that belong to this side: librdkafka warns of each that is the other's. Unknown ones stay,
/// for librdkafka to refuse by name.
Properties only_for(Side side, const Properties& properties);

/// Every property that this librdkafka knows.
std::vector<std::string> property_names();

/// The configured auto.offset.reset, in any of librdkafka's spellings. Default: latest.
delivery::Reset reset_of(const Properties& properties);

/// Has librdkafka judge every property by making a handle without brokers; opens no socket.
/// Errors: PropertyError. Blocks for a few milliseconds.
void check(Side side, const Properties& properties);

/// The versions of librdkafka built with and running with, for --version.
std::string versions();

}  // namespace runnel::kafka
