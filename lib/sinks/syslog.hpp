#pragma once

#include "errands.hpp"
#include "format_options.hpp"
#include "simple.hpp"
#include "syslog_socket.hpp"
#include "syslog_window.hpp"

#include <runnel/delivery/throttle.hpp>
#include <runnel/format/syslog.hpp>
#include <runnel/sinks/registry.hpp>
#include <runnel/telemetry/log.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::sinks {

struct SyslogOptions final : FormatOptions {
  std::string address = "/dev/log";
  std::string facility = "daemon";
  std::string severity = "info";
  std::string app_name = "runnel";
  config::Size max_message{8192};

  std::vector<config::Field> fields() override;
};

/// Sends each record to a syslog server as one message.
///
/// Delivered: the socket took it. Committed: over TCP after the server's kernel has acknowledged it, over the
/// local socket after the server has read it, over UDP after it has left this machine and nobody has refused
/// it. When the server is gone, the sink fails until it is back, and then sends again what is in doubt: over
/// TCP what it sent in the last ten seconds, at most 8 MiB, and all that was not acknowledged; otherwise what
/// it sent since the last checkpoint. So nothing is lost to a server that goes and comes again, but: what the
/// server had read and not yet stored longer than that ago; what its kernel held when Runnel died together
/// with it; and over UDP what the network or a full receiver dropped. Messages may come twice, and then the
/// later ones again behind them. Outcomes: failed while the server cannot be reached, or takes nothing for
/// `patience`; it is then tried again and goes on at the byte. What a message cannot hold is cut at a
/// character's boundary, counted and logged.
class SyslogSink final : public SimpleSink {
 public:
  SyslogSink(const SyslogOptions& options, const Context& context,
             std::chrono::milliseconds patience = std::chrono::seconds(10));

  async::awaitable<flow::Delivered> deliver(const delivery::Batch& batch, flow::Hurry& hurry) override;
  async::awaitable<flow::Delivered> prepare(flow::Hurry& hurry) override;
  async::awaitable<void> stop(flow::Hurry& hurry) override;

  /// Messages that were cut so far. Thread: any.
  std::uint64_t cut() const { return cut_.load(std::memory_order_relaxed); }

 private:
  using time_point = SyslogWindow::time_point;

  // On the sink's thread:
  Errands::Call attempt(flow::Delivered (SyslogSink::*work)());
  flow::Delivered write();
  flow::Delivered settle();
  flow::Delivered push();
  void make_frames();
  void connect();
  void disconnect();
  flow::Delivered stuck(std::string_view what) const;
  void tell(telemetry::Level level, std::string_view cause, const std::string& text);
  void count_cuts_of_socket();
  void tell_of_cuts();

  // On the loop:
  void end();

  const std::string area_;   // for the log
  const std::string shown_;  // the address
  const SyslogAddress address_;
  const config::Size max_message_;
  const std::chrono::milliseconds patience_;
  flow::Clock& clock_;
  std::unique_ptr<format::Formatter> formatter_;
  format::SyslogFrames frames_;

  delivery::Batch batch_;                        // being sent, or given up
  std::chrono::system_clock::time_point given_;  // when: the time of a record that has none
  std::span<const delivery::Record> left_;       // of it, of which no frame is made yet
  bool dirty_ = false;                           // something was delivered since the last prepare()

  std::string message_, bytes_;  // one message; frames on their way into the window
  SyslogWindow window_;
  std::unique_ptr<SyslogSocket> socket_;  // none: not connected
  std::size_t attempt_ = 0;
  std::atomic<std::uint64_t> cut_ = 0;
  std::uint64_t told_of_cut_ = 0;
  std::uint64_t cut_by_socket_ = 0;  // that cut_ counts already
  delivery::Throttle throttle_;
  Errands errands_;
};

Kind syslog_sink();

}  // namespace runnel::sinks
