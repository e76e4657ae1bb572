#pragma once

#include <runnel/sinks/registry.hpp>

namespace runnel::sinks {

/// Takes every record and keeps none: to measure what the rest of the way costs, or to drain a topic.
Kind null_sink();

}  // namespace runnel::sinks
