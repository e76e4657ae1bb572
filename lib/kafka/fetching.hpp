#pragma once

#include "handles.hpp"

#include <runnel/delivery/memory.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace runnel::kafka {

/// Steers librdkafka's fetch threads from without: how much they ask a broker for (delivery::FetchSize), and,
/// before 2.2, that they go on when there is room again. It sees every Fetch and every answer.
///
/// Lifetime: outlives the handle. Thread: the loop's, but for what librdkafka calls.
class Fetching {
 public:
  /// What the properties say of fetch sizes is left as it is.
  Fetching(const Properties& properties, const delivery::MemoryShares& shares);

  /// Before the handle is made, and after.
  void attach(rd_kafka_conf_t* conf);
  void begin(rd_kafka_t* handle);

  /// Records of so many bytes were taken from the data queue, and whether it is empty now.
  void took(rd_kafka_t* handle, std::size_t bytes, bool empty);

 private:
  struct Broker {
    std::uint64_t answers = 0;  // that came since the last request
    std::uint64_t bytes = 0;
  };

  static rd_kafka_resp_err_t on_new(rd_kafka_t* handle, const rd_kafka_conf_t*, void* self, char*,
                                    std::size_t);
  static rd_kafka_resp_err_t on_request_sent(rd_kafka_t*, int, const char*, std::int32_t broker,
                                             std::int16_t api_key, std::int16_t, std::int32_t, std::size_t,
                                             void* self);
  static rd_kafka_resp_err_t on_response(rd_kafka_t*, int, const char*, std::int32_t broker,
                                         std::int16_t api_key, std::int16_t, std::int32_t, std::size_t size,
                                         std::int64_t, rd_kafka_resp_err_t, void* self);
  void ask_for(rd_kafka_t* handle, std::uint64_t bytes);
  void wake(rd_kafka_t* handle);

  bool steer_size_;
  delivery::FetchSize size_;
  std::string user_;
  std::string password_;
  std::chrono::steady_clock::time_point woken_;

  std::mutex mutex_;  // for what follows
  std::map<std::int32_t, Broker> brokers_;
  delivery::Fetched fetched_;
};

}  // namespace runnel::kafka
