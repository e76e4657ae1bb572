#pragma once

#include <runnel/delivery/record.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace runnel::format {

/// The names of syslog(3), each at the place that is its number in a priority; "" where a number has no name
/// that a program may use.
std::span<const std::string_view> syslog_facilities();
std::span<const std::string_view> syslog_severities();

/// The priority of a facility and a severity by name; nullopt: there is no such name.
std::optional<int> syslog_priority(std::string_view facility, std::string_view severity);

/// What may stand as the name of a program in every form of frame: 1 to 48 letters, digits, `.`, `_` and `-`.
bool is_syslog_name(std::string_view name);

/// The front of `text` that has at most `most` bytes and does not end within a character of UTF-8.
std::string_view cut_at_character(std::string_view text, std::size_t most);

struct SyslogParams {
  enum class Form {
    local,  // what syslog(3) writes to /dev/log: <PRI>Mmm dd hh:mm:ss NAME[PID]: MESSAGE, in local time
    rfc5424,  // <PRI>1 TIME HOST NAME PID - [runnel@32473 topic="…" partition="…" offset="…"] MESSAGE, in UTC
    counted,  // the same as a part of a stream: its length and a blank before it (RFC 6587, octet counting)
  };
  Form form = Form::rfc5424;
  int priority = 0;
  std::string app_name;  // see is_syslog_name
  std::string hostname;  // "-" takes its place when it may not stand in a frame
  std::int64_t pid = 0;
  std::size_t most = 8192;  // bytes of a frame, without its count; at least 1024
};

/// Turns messages into syslog frames.
///
/// Nothing in a record can begin another frame: a frame is a datagram of its own or is counted, its header
/// holds nothing of the record but topic, partition, offset and time, and those are escaped or numbers. The
/// message's bytes go as they are, but NUL, at which many a receiver takes the message to end, becomes #000
/// (RFC 5424, section 6.4). Thread: one at a time.
class SyslogFrames {
 public:
  explicit SyslogFrames(SyslogParams params);

  /// Appends one frame; false: the message had to be cut, at a character's boundary, to hold `most`.
  /// `otherwise` is the time of a record that has none, or one that no four-digit year can say.
  bool append(const delivery::Record& record, std::string_view message,
              std::chrono::system_clock::time_point otherwise, std::string& out);

 private:
  void append_header(const delivery::Record& record, std::chrono::sys_time<std::chrono::milliseconds> time);
  void append_local_time(std::chrono::sys_seconds time);

  SyslogParams params_;
  std::string before_, between_;  // what all headers have in common: before the time and behind it
  std::string header_, clean_;    // of one frame
  std::chrono::sys_seconds second_;
  std::string local_second_;  // second_ in local time: to ask for it costs more than the rest of a header
};

}  // namespace runnel::format
