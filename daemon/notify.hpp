#pragma once

namespace runnel::daemon {

// What systemd is told (sd_notify(3)); nothing happens without it.

void notify_ready();
void notify_reloading();  // always followed by notify_ready()
void notify_stopping();

}  // namespace runnel::daemon
