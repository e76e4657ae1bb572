#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <utility>

// What the programs that know librdkafka themselves have in common. They are measured beside the daemon, so
// none of the daemon's code is in them.
namespace runnel::bench {

[[noreturn]] inline void give_up(const char* what, const char* why) {
  std::fprintf(stderr, "%s: %s\n", what, why);
  std::exit(1);
}

struct Destroy {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
};
using Handle = std::unique_ptr<rd_kafka_t, Destroy>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Destroy>;
using Topic = std::unique_ptr<rd_kafka_topic_t, Destroy>;
using List = std::unique_ptr<rd_kafka_topic_partition_list_t, Destroy>;

inline Handle make_handle(rd_kafka_type_t type, rd_kafka_conf_t* conf,
                          std::initializer_list<std::pair<const char*, const char*>> properties) {
  char reason[512];
  for (const auto& [name, value] : properties)
    if (rd_kafka_conf_set(conf, name, value, reason, sizeof reason) != RD_KAFKA_CONF_OK)
      give_up(name, reason);
  Handle handle(rd_kafka_new(type, conf, reason, sizeof reason));
  if (!handle) give_up("rd_kafka_new", reason);
  return handle;
}

/// A producer that gives up when a record is not delivered.
inline Handle make_producer(std::initializer_list<std::pair<const char*, const char*>> properties) {
  auto* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    if (message->err != 0) give_up("a record was not delivered", rd_kafka_err2str(message->err));
  });
  return make_handle(RD_KAFKA_PRODUCER, conf, properties);
}

inline void flush(const Handle& producer) {
  const auto error = rd_kafka_flush(producer.get(), 60'000);
  if (error != 0) give_up("flush", rd_kafka_err2str(error));
}

}  // namespace runnel::bench
