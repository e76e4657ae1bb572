#pragma once

#include "handles.hpp"

#include <runnel/flow/warnings.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace runnel::kafka {

/// What an operator does about an error, where librdkafka's own text does not say; to be put behind it.
std::string_view advice(rd_kafka_resp_err_t code);

/// Carries what librdkafka says (its log lines, its errors) into the process's log: one line per cause and
/// minute, with a count, so that a broker that is away for a night does not fill a disk.
class Notices {
 public:
  /// `area` begins each line, e.g. "consumer archive".
  explicit Notices(std::string area) : area_(std::move(area)), warnings_(area_) {}

  /// Takes LOG and ERROR events; others are not its business. `hint` is put behind an error. Returns the
  /// sentence of a fatal error.
  std::optional<std::string> take(rd_kafka_t* handle, rd_kafka_event_t* event, std::string_view hint = "");

  void warn(const std::string& cause, const std::string& text);

  /// The last error, until all_well(), or until it has not come again for a while.
  std::string trouble(std::chrono::steady_clock::time_point now) const;
  void all_well() { trouble_.clear(); }

 private:
  void take_log(rd_kafka_event_t* event);

  std::string area_;
  flow::Warnings warnings_;
  std::string trouble_;
  std::chrono::steady_clock::time_point trouble_at_;
};

}  // namespace runnel::kafka
