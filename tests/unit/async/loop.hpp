#pragma once

#include <runnel/async/awaitable.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>

#include <exception>

namespace runnel::async {

/// An io_context that a test steps by hand: poll() runs all that is ready, again and again.
class Loop : public asio::io_context {
 public:
  void poll() {
    do restart();
    while (asio::io_context::poll() > 0);
    restart();
  }
};

/// Completion handler: what a coroutine throws comes out of run().
inline void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

inline bool was_cancelled(std::exception_ptr failure) {
  try {
    rethrow(failure);
  } catch (const boost::system::system_error& e) {
    return e.code() == asio::error::operation_aborted;
  } catch (...) {
  }
  return false;
}

}  // namespace runnel::async
