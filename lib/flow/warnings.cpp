#include <runnel/flow/warnings.hpp>
#include <runnel/telemetry/log.hpp>

namespace runnel::flow {

void Warnings::warn(const std::string& cause, const std::string& text, delivery::Throttle::time_point now) {
  const auto held_back = throttle_.pass(cause, now);
  if (!held_back) return;
  if (*held_back == 0)
    telemetry::warn(area_, "{}", text);
  else
    telemetry::warn(area_, "{} ({} more times since)", text, *held_back);
}

}  // namespace runnel::flow
