#pragma once

#include <memory>
#include <string>

namespace runnel::kafka {

/// librdkafka's mock cluster in this process: for the demo and for quick tests, not for keeping anything. It
/// holds 5 MiB or 100,000 message sets of a partition and forgets the rest. Other processes can use it too.
/// SIGPIPE must be ignored. Thread: any, one at a time; calls do not wait for a network.
class EmbeddedBroker {
 public:
  explicit EmbeddedBroker(int brokers = 1);
  EmbeddedBroker(const EmbeddedBroker&) = delete;
  EmbeddedBroker& operator=(const EmbeddedBroker&) = delete;
  ~EmbeddedBroker();

  /// For bootstrap.servers.
  std::string address() const;

  /// Errors: std::runtime_error, when there is one of this name already.
  void create_topic(const std::string& topic, int partitions);

  // Faults. Error codes are the Kafka protocol's, API keys too.

  /// The next `count` requests of this kind are answered with this error.
  void fail_requests(short api_key, int error, int count);
  void fail_no_more(short api_key);
  void set_down(bool down);
  void set_round_trip(int milliseconds);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace runnel::kafka
