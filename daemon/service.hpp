#pragma once

#include "status.hpp"
#include "watchdog.hpp"

#include <runnel/async/group.hpp>
#include <runnel/config/config.hpp>
#include <runnel/flow/flow.hpp>
#include <runnel/flow/heartbeat.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace runnel::daemon {

/// How the service is dressed.
struct Dress {
  bool under_journal = false;  // a reader of stdout that goes away is then a failure
  bool live_status = false;    // a line on stderr each second
};

/// Wires flows and heartbeats as the configuration says, runs them, and drains them. Thread: the loop's only.
class Service {
 public:
  /// Errors: kafka::PropertyError, flow::Broken.
  Service(async::asio::io_context& loop, const config::Config& config, Dress dress, Watchdog& watchdog);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service();

  /// Completes when every flow and heartbeat has ended: by itself, or after stop(). The watchdog then holds
  /// the exit code.
  async::awaitable<void> run();

  /// Drains everything, at the latest by the configured deadline.
  void stop();

  /// Nothing is left that could hold up destructors.
  bool clean() const { return clean_; }

 private:
  struct Beat;

  void add(const config::Consumer& consumer);
  void add(const config::Producer& producer);
  async::awaitable<void> run_flow(flow::Flow& flow);
  async::awaitable<void> run_beat(Beat& beat);
  async::awaitable<void> tell_each(std::chrono::seconds period,
                                   void (*say)(const std::optional<std::string>&));
  void judge(const flow::FlowEnd& end, const std::string& name);
  void fail(const std::string& sentence, int code);
  void ended_one();
  Numbers numbers() const;

  async::asio::any_io_executor loop_;
  const config::Config& config_;
  Dress dress_;
  Watchdog& watchdog_;
  flow::RealClock clock_;
  std::vector<std::unique_ptr<flow::Flow>> flows_;
  std::vector<std::unique_ptr<Beat>> beats_;
  std::size_t running_ = 0;
  bool stopping_ = false;
  bool clean_ = true;
  async::Condition ended_;  // the last flow or heartbeat has
  async::Group tasks_;
};

}  // namespace runnel::daemon
