#include "watchdog.hpp"

#include <runnel/telemetry/log.hpp>

#include <cstdlib>
#include <thread>

namespace runnel::daemon {

void Watchdog::arm(std::chrono::steady_clock::time_point when) {
  if (armed_.exchange(true)) return;
  std::thread([this, when] {
    std::this_thread::sleep_until(when);
    telemetry::warn("runneld",
                    "something does not answer (a broker, a disk, a terminal): leaving without it");
    leave();
  }).detach();
}

void Watchdog::leave_soon() const {
  std::thread([this] {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    telemetry::debug("runneld", "librdkafka does not end its threads: leaving without it");
    leave();
  }).detach();
}

void Watchdog::set_code(int code) {
  int clean = 0;
  code_.compare_exchange_strong(clean, code);
}

void Watchdog::leave() const {
  telemetry::flush_log(std::chrono::milliseconds(100));
  std::_Exit(code_);
}

}  // namespace runnel::daemon
