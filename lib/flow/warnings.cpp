#include <runnel/flow/warnings.hpp>

namespace runnel::flow {

void Warnings::tell(telemetry::Level level, const std::string& cause, const std::string& text,
                    delivery::Throttle::time_point now) {
  const auto held_back = throttle_.pass(cause, now);
  if (!held_back) return;
  const auto count = *held_back == 0 ? "" : fmt::format(" ({} more times since)", *held_back);
  telemetry::log(level, area_, text + count);
}

}  // namespace runnel::flow
