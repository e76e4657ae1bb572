#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace runnel::daemon {

// What systemd is told (sd_notify(3)); nothing happens without it.

void notify_ready();
void notify_reloading();  // always followed by notify_ready()
void notify_stopping();

/// What `systemctl status` shows; with `alive`, the watchdog is fed in the same message.
void notify_status(const std::string& text, bool alive);

/// systemd listens.
bool is_notified();

/// How long the process may be silent before systemd ends it; none: for ever.
std::optional<std::chrono::microseconds> watchdog_time();

/// The unit that the process belongs to, when it is one of the system's services: "runneld@orders".
std::optional<std::string> own_unit();

}  // namespace runnel::daemon
