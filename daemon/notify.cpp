#include "notify.hpp"

#include "protection.hpp"

#include <fmt/core.h>
#include <systemd/sd-daemon.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>

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

void notify_status(const std::string& text, bool alive) {
  ::sd_notify(0, fmt::format("STATUS={}{}", text, alive ? "\nWATCHDOG=1" : "").c_str());
}

bool is_notified() {
  return std::getenv("NOTIFY_SOCKET") != nullptr;
}

std::optional<std::chrono::microseconds> watchdog_time() {
  std::uint64_t usec = 0;
  if (::sd_watchdog_enabled(0, &usec) <= 0) return std::nullopt;
  return std::chrono::microseconds(usec);
}

std::optional<std::string> own_unit() {
  if (std::getenv("INVOCATION_ID") == nullptr) return std::nullopt;
  std::ifstream file("/proc/self/cgroup");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return service_of_cgroups(text);
}

}  // namespace runnel::daemon
