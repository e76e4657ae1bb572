#pragma once

#include "syslog_window.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace runnel::sinks {

/// Where a syslog server is: "/dev/log", "udp://logs.example.org:514" or "tcp://[::1]:514".
struct SyslogAddress {
  enum class Way { local, udp, tcp };
  Way way = Way::local;
  std::string host;  // of local: the path
  std::string port;
};

std::optional<SyslogAddress> parse_syslog_address(std::string_view text);

/// One clause that says what an address is; empty: it is one.
std::string wrong_syslog_address(std::string_view text);

/// A socket that could not be opened, or has failed: a clause for the operator.
class SocketError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A connected socket to a syslog server.
///
/// Errors: every member but the destructor throws SocketError when the server is gone, or cannot be reached.
/// Thread: one at a time, one that may block for the look-up of a name.
class SyslogSocket {
 public:
  /// Connects. Ends early when `given_up` says so, within a tenth of a second (but for the look-up of a
  /// name). `attempt` says which of a name's addresses comes first over UDP, where connecting tells nothing.
  SyslogSocket(SyslogAddress address, std::size_t attempt, const std::function<bool()>& given_up);
  SyslogSocket(const SyslogSocket&) = delete;
  SyslogSocket& operator=(const SyslogSocket&) = delete;
  ~SyslogSocket();

  /// Sends of `frames` from the byte `offset` on what the socket takes now: how many bytes; 0: nothing, so
  /// wait. Datagrams that are too large for the socket are cut at a character's boundary and counted.
  std::size_t send(const SyslogWindow::Frames& frames, std::size_t offset);
  std::uint64_t cut() const { return cut_; }

  /// What was sent and is still in this machine (the local socket: what the server has not read), in bytes;
  /// sockets for datagrams count what they need beside the bytes as well.
  std::size_t unacknowledged() const;

  /// Throws when the server's end is closed, as far as is known here.
  void check() const;

  /// Throws when another server than the one we are connected to, or none, is behind the local socket.
  void check_server() const;

  void wait_for_room(std::chrono::milliseconds most) const;
  void wait_for_news(std::chrono::milliseconds most) const;

 private:
  using Identity = std::pair<dev_t, ino_t>;

  void open_local();
  void open_by_name(std::size_t attempt, const std::function<bool()>& given_up);
  void close();
  Identity identity() const;
  std::size_t send_datagrams(const SyslogWindow::Frames& frames, std::size_t offset);

  const SyslogAddress address_;
  int fd_ = -1;
  Identity server_{};                 // of local: the file behind the path
  std::size_t longest_ = 512 * 1024;  // of a datagram that the socket takes
  std::uint64_t cut_ = 0;
};

}  // namespace runnel::sinks
