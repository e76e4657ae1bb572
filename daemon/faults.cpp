#include "faults.hpp"

#include <unistd.h>

#include <csignal>

namespace runnel::daemon {

Faults::Faults(boost::asio::io_context& loop) : signals_(loop) {
#ifdef RUNNEL_FAULTS
  signals_.add(SIGUSR1);
  signals_.async_wait([](boost::system::error_code error, int) {
    while (!error) ::pause();
  });
#endif
}

}  // namespace runnel::daemon
