#pragma once

#include "status.hpp"
#include "watchdog.hpp"

#include <runnel/async/group.hpp>
#include <runnel/config/config.hpp>
#include <runnel/config/plan.hpp>
#include <runnel/flow/flow.hpp>
#include <runnel/flow/heartbeat.hpp>
#include <runnel/sinks/descriptors.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace runnel::daemon {

/// How the service is dressed.
struct Dress {
  bool under_journal = false;  // a reader of stdout that goes away is then a failure
  bool notified = false;       // systemd wants to know how it goes
  bool live_status = false;    // a line on stderr each second
};

/// Wires flows and heartbeats as the configuration says, runs them, replaces them, and drains them. Thread:
/// the loop's only.
class Service {
 public:
  /// Errors: kafka::PropertyError, flow::Broken.
  Service(async::asio::io_context& loop, config::Config config, Dress dress, Watchdog& watchdog);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service();

  /// Completes when every flow and heartbeat has ended: by itself, or after stop(). The watchdog then holds
  /// the exit code.
  async::awaitable<void> run();

  /// Drains everything, at the latest by the configured deadline.
  void stop();

  const config::Config& config() const { return config_; }

  /// While run(): takes the other configuration, as the plan from config() to it says. What is new is built
  /// before what is old is stopped; what replaces a part, or may write its files, begins when that has ended,
  /// at the latest at its deadline. Completes when all that the plan names has been done, or everything is
  /// stopped. Errors: as the constructor; nothing has changed then. One at a time.
  async::awaitable<void> take(config::Config next, const std::vector<config::Planned>& plan);

  /// Why the last reload was refused, for who asks how it goes; empty: it was not.
  void refused(std::string why);

  /// Nothing is left that could hold up destructors.
  bool clean() const { return stuck_.empty(); }

 private:
  struct Part;
  struct Waiting;

  std::unique_ptr<Part> build(const config::Config& config, const config::Consumer& consumer);
  std::unique_ptr<Part> build(const config::Producer& producer);
  std::map<std::string, std::unique_ptr<Part>> build_new(const config::Config& next,
                                                         const std::vector<config::Planned>& plan);
  void adjust();
  void share_descriptors();
  std::vector<std::string> predecessors(const std::string& name, const config::Config& before) const;
  void begin_waiting();
  Part* find(const std::string& name) const;
  void begin(std::unique_ptr<Part> part);
  void stop(Part& part);
  async::awaitable<void> live(Part& part);
  async::awaitable<bool> run_flow(flow::Flow& flow);
  async::awaitable<bool> run_beat(flow::Heartbeat& heartbeat);
  bool judge(const flow::FlowEnd& end, const std::string& name);
  void fail(const std::string& sentence, int code);
  async::awaitable<void> tell_each(std::chrono::seconds period,
                                   void (*say)(const std::optional<std::string>&));
  async::awaitable<void> tell_systemd();
  ServiceNow now() const;
  Numbers numbers() const;
  static void add(const Part& part, Numbers& numbers);

  async::asio::any_io_executor loop_;
  config::Config config_;
  Dress dress_;
  Watchdog& watchdog_;
  flow::RealClock clock_;
  const std::size_t descriptor_limit_;
  sinks::Descriptors descriptors_;
  std::list<std::unique_ptr<Part>> parts_;  // that run
  std::list<Waiting> waiting_;              // to begin when others have ended
  std::list<std::unique_ptr<Part>> stuck_;  // that ended, but hold something that does not let go
  Numbers gone_;                            // of parts that have ended
  bool stopping_ = false;
  std::string refused_;
  async::Condition changed_;  // a part has ended, or systemd is to be told
  async::Group tasks_;
};

}  // namespace runnel::daemon
