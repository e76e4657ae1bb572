#pragma once

namespace runnel::daemon {

/// A terminal that this descriptor stands for was closed: the window, the connection, the tmux pane. Neither
/// a terminal that lives nor anything else looks like that, a pipe without its other end included.
bool hung_up(int fd);

/// Whether standard input, output or error is a terminal that was closed.
bool terminal_hung_up();

}  // namespace runnel::daemon
