#include "terminal.hpp"

#include <termios.h>
#include <unistd.h>

#include <cerrno>

namespace runnel::daemon {

// The kernel makes it so before it sends SIGHUP. What is no terminal says ENOTTY.
bool hung_up(int fd) {
  termios flags{};
  return ::tcgetattr(fd, &flags) != 0 && errno == EIO;
}

bool terminal_hung_up() {
  return hung_up(STDIN_FILENO) || hung_up(STDOUT_FILENO) || hung_up(STDERR_FILENO);
}

}  // namespace runnel::daemon
