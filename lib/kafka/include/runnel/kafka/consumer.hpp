#pragma once

#include <runnel/flow/source.hpp>
#include <runnel/kafka/properties.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace runnel::kafka {

struct ConsumerParams {
  std::string name;                 // of the [consumer.NAME], for the log
  Properties properties;            // must hold group.id
  std::vector<std::string> topics;  // names, or ^regex
  std::size_t batch = 2500;         // records at most in one batch
  std::uint64_t memory = 64 << 20;  // bytes of records, queued and in flight: see delivery::share()
  bool headers = false;             // read the records' headers
};

/// A member of a consumer group: joins by join(), keeps its membership also when nobody calls next()
/// (librdkafka's max.poll.interval.ms measures this process, not the sinks), and leaves by leave().
///
/// Errors: PropertyError. Thread: the loop's only; calls that wait for brokers run on a worker of its own.
/// The destructor waits for them, and for librdkafka's threads: seconds when brokers do not answer.
std::unique_ptr<flow::Source> make_consumer(const async::asio::any_io_executor& loop, ConsumerParams params);

}  // namespace runnel::kafka
