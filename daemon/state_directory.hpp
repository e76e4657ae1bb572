#pragma once

#include <string>

namespace runnel::daemon {

/// Where the ledgers of its flows lie: what runnel.state_dir says, else $STATE_DIRECTORY, else where XDG says
/// that a user's state lies, else /var/lib/runnel.
std::string state_directory(const std::string& configured);

}  // namespace runnel::daemon
