#pragma once

#include <runnel/config/config.hpp>
#include <runnel/kafka/properties.hpp>

#include <string>

// What the configuration says, in the words of lib/kafka.
namespace runnel::daemon {

/// The properties of one flow's consumer, with the bound of delivery rule 4 for what librdkafka has queued.
kafka::Properties properties_of(const config::Consumer& consumer, const config::Runnel& runnel);
kafka::Properties properties_of(const config::Producer& producer);

/// Has librdkafka judge the properties of every flow; opens no socket. Errors: config::Error.
void check(const config::Config& config);

/// What --check says of a configuration that can be used.
std::string summary(const config::Config& config);

}  // namespace runnel::daemon
