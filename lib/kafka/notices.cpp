#include "notices.hpp"

#include <runnel/telemetry/log.hpp>

#include <chrono>
#include <string_view>

namespace runnel::kafka {

// What an operator does about it, where librdkafka's own text does not say.
std::string_view advice(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
      return "; check kafka.sasl.mechanism, kafka.sasl.username and kafka.sasl.password; trying again";
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return "; check kafka.bootstrap.servers and the brokers; trying again";
    case RD_KAFKA_RESP_ERR__SSL:
      return "; check kafka.security.protocol and the kafka.ssl.* files; trying again";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return "; grant it to the user of kafka.sasl.username, or of the certificate; trying again";
    case RD_KAFKA_RESP_ERR__BAD_MSG:
      return "; this is no answer of a Kafka, or TLS speaks here, or it is more than "
             "kafka.receive.message.max.bytes: check kafka.bootstrap.servers, kafka.security.protocol and "
             "that; trying again";
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return "; waiting for it to be made";
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
      return "; the partition stands still there and is tried again. If the batch becomes more than "
             "kafka.receive.message.max.bytes, or more than a third of it, raise that; if it is damaged, "
             "move the group's position past it";
    default:
      return "";
  }
}

namespace {

// Its text is about one topic, and always the same: each topic is a cause of its own.
bool names_a_topic(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
         code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
}

}  // namespace

void Notices::warn(const std::string& cause, const std::string& text) {
  warnings_.warn(cause, text, std::chrono::steady_clock::now());
}

// librdkafka repeats what goes on after 30 s.
std::string Notices::trouble(std::chrono::steady_clock::time_point now) const {
  return now - trouble_at_ < std::chrono::seconds(60) ? trouble_ : "";
}

void Notices::take_log(rd_kafka_event_t* event) {
  const char* facility = nullptr;
  const char* text = nullptr;
  int level = 0;  // of syslog(3)
  if (rd_kafka_event_log(event, &facility, &text, &level) != 0) return;
  const std::string_view name = facility;
  const bool twice = name == "FAIL" || name == "ERROR";  // they come again as ERROR events, with a code
  if (level > 4)
    telemetry::debug(area_, "librdkafka: {}: {}", name, text);
  else if (!twice)
    warn(facility, fmt::format("librdkafka: {}: {}", name, text));
}

std::optional<std::string> Notices::take(rd_kafka_t* handle, rd_kafka_event_t* event, std::string_view hint) {
  if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_LOG) take_log(event);
  if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_ERROR) return std::nullopt;

  const auto code = rd_kafka_event_error(event);
  if (rd_kafka_event_error_is_fatal(event)) {
    char reason[512];
    const auto real = rd_kafka_fatal_error(handle, reason, sizeof reason);
    return fmt::format("librdkafka cannot go on: {} ({})", reason, rd_kafka_err2name(real));
  }
  // Each broker has said itself what is wrong with it.
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) return std::nullopt;
  const std::string text = rd_kafka_event_error_string(event);
  const std::string name = rd_kafka_err2name(code);
  trouble_ =
      text.substr(0, text.find(" (after "));  // what follows is how long it took, and changes each time
  trouble_at_ = std::chrono::steady_clock::now();
  warn(names_a_topic(code) ? text : name, fmt::format("{} ({}){}{}", text, name, advice(code), hint));
  return std::nullopt;
}

}  // namespace runnel::kafka
