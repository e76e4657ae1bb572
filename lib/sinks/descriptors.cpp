#include "errands.hpp"

#include <runnel/sinks/descriptors.hpp>

namespace runnel::sinks {

void Descriptors::make_room() {
  for (auto* each : joined_) each->spare();
}

}  // namespace runnel::sinks
