#pragma once

#include <runnel/async/awaitable.hpp>
#include <runnel/flow/clock.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace runnel::flow {

/// A record to produce.
struct Message {
  std::string topic;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::string>> headers;
  std::chrono::system_clock::time_point timestamp;
};

/// The delivery report of one message: 0, or an error code with its reason.
struct Report {
  int code = 0;
  std::string reason;
};

/// Puts records into Kafka. Thread: the loop's only.
class Publisher {
 public:
  virtual ~Publisher() = default;

  /// The local queue has room: send() will not wait for it.
  virtual bool has_room() const = 0;

  /// Waits for room in the local queue, then hands the message over. Completes with its delivery report.
  /// Cancellation: the message stays handed over, its report is dropped.
  virtual async::awaitable<Report> send(Message message) = 0;

  /// Completes when no message is outstanding (true) or at `until` (false).
  virtual async::awaitable<bool> flush(time_point until) = 0;

  /// Lets go of connections and threads, and of what is still outstanding. Completes when they are gone,
  /// which may take seconds when brokers do not answer; what is left then needs only destruction, which takes
  /// no time.
  virtual async::awaitable<void> dispose() = 0;
};

}  // namespace runnel::flow
