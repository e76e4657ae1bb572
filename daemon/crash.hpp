#pragma once

namespace runnel::daemon {

/// From here on what ends the process by std::terminate is named on stderr as a line of the log would be,
/// secrets hidden; the process then aborts, so that a core dump is left where the system keeps them.
void say_why_it_crashes();

}  // namespace runnel::daemon
