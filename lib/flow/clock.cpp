#include <runnel/flow/clock.hpp>

namespace runnel::flow {

async::awaitable<void> RealClock::wait(async::Condition& condition, time_point until) {
  return condition.wait(until);
}

}  // namespace runnel::flow
