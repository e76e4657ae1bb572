#pragma once

#include <runnel/flow/publisher.hpp>
#include <runnel/kafka/properties.hpp>

#include <memory>
#include <string>

namespace runnel::kafka {

struct ProducerParams {
  std::string name;  // of the [producer.NAME], for the log
  Properties properties;
};

/// An idempotent producer (acks=all) with a queue of at most 8 MiB, unless the properties say otherwise.
///
/// Errors: PropertyError. Thread: the loop's only. The destructor drops what is still queued.
std::unique_ptr<flow::Publisher> make_producer(const async::asio::any_io_executor& loop,
                                               ProducerParams params);

}  // namespace runnel::kafka
