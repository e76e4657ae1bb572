#include "fetching.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace runnel::kafka {
namespace {

using namespace std::chrono_literals;

constexpr std::int16_t fetch = 1;  // https://kafka.apache.org/protocol#protocol_api_keys
constexpr auto name = "fetching";

std::string value_of(const Properties& properties, const std::string& property) {
  const auto found = properties.find(property);
  return found == properties.end() ? "" : found->second;
}

bool says_fetch_size(const Properties& properties) {
  constexpr std::array names = {"fetch.max.bytes", "fetch.message.max.bytes", "max.partition.fetch.bytes"};
  return std::ranges::any_of(names, [&](const char* each) { return properties.contains(each); });
}

// From 2.2 on a fetch thread whose queue was full looks again after fetch.queue.backoff.ms.
bool looks_again_by_itself() {
  return rd_kafka_version() >= 0x020200ff;
}

}  // namespace

Fetching::Fetching(const Properties& properties, const delivery::MemoryShares& shares)
    : steer_size_(!says_fetch_size(properties)),
      size_(shares),
      user_(value_of(properties, "sasl.username")),
      password_(value_of(properties, "sasl.password")) {}

void Fetching::attach(rd_kafka_conf_t* conf) {
  rd_kafka_conf_interceptor_add_on_new(conf, name, on_new, this);
}

void Fetching::begin(rd_kafka_t* handle) {
  if (steer_size_) ask_for(handle, size_.bytes());
}

void Fetching::took(rd_kafka_t* handle, std::size_t bytes, bool empty) {
  bool resting = false;  // a fetch thread that has an answer and has not asked again
  delivery::Fetched fetched;
  {
    const std::lock_guard lock(mutex_);
    fetched = fetched_;
    fetched.brokers = brokers_.size();
    resting = std::ranges::any_of(brokers_, [](const auto& each) { return each.second.answers > 0; });
  }
  const auto before = size_.bytes();
  size_.took(bytes, empty, fetched);
  if (steer_size_ && size_.bytes() != before) ask_for(handle, size_.bytes());
  if (resting && !looks_again_by_itself()) {
    const auto now = std::chrono::steady_clock::now();
    if (!empty && now - woken_ < 10ms) return;
    woken_ = now;
    wake(handle);
  }
}

// librdkafka reads this number anew for every Fetch, but has no call that changes it on a living handle, and
// calls the configuration of one read-only. docs/decisions/0010-memory.md says why it is done all the same,
// and what is left should it stop to work.
void Fetching::ask_for(rd_kafka_t* handle, std::uint64_t bytes) {
  auto* conf = const_cast<rd_kafka_conf_t*>(rd_kafka_conf(handle));  // NOLINT: see above
  rd_kafka_conf_set(conf, "fetch.max.bytes", std::to_string(bytes).c_str(), nullptr, 0);
}

// Before 2.2 a fetch thread that finds the queue full sleeps for up to a second, also when there is room long
// before. New credentials wake all threads; these are the old ones.
void Fetching::wake(rd_kafka_t* handle) {
  const KafkaError ignored(rd_kafka_sasl_set_credentials(handle, user_.c_str(), password_.c_str()));
}

rd_kafka_resp_err_t Fetching::on_new(rd_kafka_t* handle, const rd_kafka_conf_t*, void* self, char*,
                                     std::size_t) {
  rd_kafka_interceptor_add_on_response_received(handle, name, on_response, self);
  return rd_kafka_interceptor_add_on_request_sent(handle, name, on_request_sent, self);
}

// On the thread of the broker, which asks again only when the records of its last answer are in the queue.
rd_kafka_resp_err_t Fetching::on_request_sent(rd_kafka_t*, int, const char*, std::int32_t broker,
                                              std::int16_t api_key, std::int16_t, std::int32_t, std::size_t,
                                              void* self) {
  if (api_key != fetch) return RD_KAFKA_RESP_ERR_NO_ERROR;
  auto& me = *static_cast<Fetching*>(self);
  const std::lock_guard lock(me.mutex_);
  const auto last = std::exchange(me.brokers_[broker], {});
  me.fetched_.queued_responses += last.answers;
  me.fetched_.queued_bytes += last.bytes;
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

// Before the answer is taken apart.
rd_kafka_resp_err_t Fetching::on_response(rd_kafka_t*, int, const char*, std::int32_t broker,
                                          std::int16_t api_key, std::int16_t, std::int32_t, std::size_t size,
                                          std::int64_t, rd_kafka_resp_err_t, void* self) {
  if (api_key != fetch) return RD_KAFKA_RESP_ERR_NO_ERROR;
  auto& me = *static_cast<Fetching*>(self);
  const std::lock_guard lock(me.mutex_);
  auto& [answers, bytes] = me.brokers_[broker];
  ++answers;
  bytes += size;
  me.fetched_.received_bytes += size;
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace runnel::kafka
