#pragma once

#include "handles.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace runnel::kafka {

/// Sees every request that librdkafka sends. Between a JoinGroup and the change of assignment that answers
/// it, a commit would wait behind the join and be refused, which usually costs the assignment
/// (librdkafka#4908, until 2.10.0). It is a Heartbeat's answer that asks for a join, so right behind a
/// Heartbeat one may be on its way. Lifetime: outlives the handle. Thread: the loop's, but for what
/// librdkafka calls.
class JoinWatch {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  void attach(rd_kafka_conf_t* conf) {
    rd_kafka_conf_interceptor_add_on_new(conf, "join-watch", on_new, this);
  }
  bool join_is_out() const { return out_; }
  bool sees_joins() const { return seen_; }  // with KIP-848 there are none
  void change_came() { out_ = false; }

  /// From when on a join that the last Heartbeat asked for has been seen.
  time_point clear_at() const {
    constexpr auto answer_and_join = std::chrono::milliseconds(30);
    return time_point(time_point::duration(heartbeat_.load())) + answer_and_join;
  }

 private:
  static rd_kafka_resp_err_t on_new(rd_kafka_t* handle, const rd_kafka_conf_t*, void* self, char*,
                                    std::size_t) {
    return rd_kafka_interceptor_add_on_request_sent(handle, "join-watch", on_request_sent, self);
  }
  // On one of librdkafka's threads.
  static rd_kafka_resp_err_t on_request_sent(rd_kafka_t*, int, const char*, std::int32_t,
                                             std::int16_t api_key, std::int16_t, std::int32_t, std::size_t,
                                             void* opaque) {
    constexpr std::int16_t join_group = 11;  // https://kafka.apache.org/protocol#protocol_api_keys
    constexpr std::int16_t heartbeat = 12;
    auto& self = *static_cast<JoinWatch*>(opaque);
    if (api_key == join_group) self.out_ = self.seen_ = true;
    if (api_key == heartbeat) self.heartbeat_ = std::chrono::steady_clock::now().time_since_epoch().count();
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }

  std::atomic<bool> out_ = false;
  std::atomic<bool> seen_ = false;
  std::atomic<time_point::rep> heartbeat_ = 0;  // when the last one was sent
};

}  // namespace runnel::kafka
