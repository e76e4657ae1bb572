#include "notify.hpp"

#include <fmt/core.h>
#include <systemd/sd-daemon.h>

#include <chrono>

namespace runnel::daemon {

void notify_ready() {
  ::sd_notify(0, "READY=1");
}

// The time in the same message: systemd tells an old READY=1 from a new one by it.
void notify_reloading() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();  // CLOCK_MONOTONIC
  const auto text = fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                                std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  ::sd_notify(0, text.c_str());
}

void notify_stopping() {
  ::sd_notify(0, "STOPPING=1");
}

}  // namespace runnel::daemon
