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

}  // namespace runnel::bench
