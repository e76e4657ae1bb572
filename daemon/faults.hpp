#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

namespace runnel::daemon {

/// What the tests break on purpose: SIGUSR1 blocks the loop for ever. Only where RUNNEL_FAULTS was on when it
/// was built, which it never is in what is shipped; else this does nothing. Thread: the loop's only.
class Faults {
 public:
  explicit Faults(boost::asio::io_context& loop);

 private:
  boost::asio::signal_set signals_;
};

}  // namespace runnel::daemon
