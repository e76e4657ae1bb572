#pragma once

#include "service.hpp"

#include <runnel/async/worker.hpp>

#include <functional>

namespace runnel::daemon {

/// What SIGHUP asks for: loads the configuration anew and hands it to the service. One at a time; what is
/// asked for meanwhile is one more after it. Thread: the loop's only.
class Reload {
 public:
  /// `load` gives a configuration that was checked, or throws; it runs on a thread of its own, so that no
  /// tick waits for it. `taken` is told of each one that was taken.
  Reload(async::asio::io_context& loop, Service& service, std::function<config::Config()> load,
         std::function<void(const config::Config&)> taken);

  void ask();

 private:
  async::awaitable<void> serve();
  async::awaitable<void> reload();

  async::asio::io_context& loop_;
  Service& service_;
  std::function<config::Config()> load_;
  std::function<void(const config::Config&)> taken_;
  bool asked_ = false;
  bool under_way_ = false;
  async::Worker worker_;
};

}  // namespace runnel::daemon
