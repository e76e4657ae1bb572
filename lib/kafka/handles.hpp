#pragma once

#include <runnel/kafka/properties.hpp>

#include <librdkafka/rdkafka.h>

#include <memory>

// Owners of librdkafka's objects, for lib/kafka alone.
namespace runnel::kafka {

template <auto destroy>
struct Destroy {
  template <class T>
  void operator()(T* object) const {
    destroy(object);
  }
};

using Conf = std::unique_ptr<rd_kafka_conf_t, Destroy<rd_kafka_conf_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroy<rd_kafka_queue_destroy>>;
using KafkaEvent = std::unique_ptr<rd_kafka_event_t, Destroy<rd_kafka_event_destroy>>;
using KafkaError = std::unique_ptr<rd_kafka_error_t, Destroy<rd_kafka_error_destroy>>;
using PartitionList =
    std::unique_ptr<rd_kafka_topic_partition_list_t, Destroy<rd_kafka_topic_partition_list_destroy>>;

// Past its last user no call may wait for brokers: the consumer has left its group by then, or never will.
inline void destroy_handle(rd_kafka_t* handle) {
  rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}
using Handle = std::unique_ptr<rd_kafka_t, Destroy<destroy_handle>>;

/// A configuration with these properties and the ones that every handle of ours has. Errors: PropertyError.
Conf make_conf(Side side, const Properties& properties);

/// Errors: PropertyError, also for what librdkafka judges only now.
Handle make_handle(Side side, Conf conf);

}  // namespace runnel::kafka
