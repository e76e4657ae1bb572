#include "utf8.hpp"

#include <runnel/format/syslog.hpp>

#include <algorithm>
#include <array>
#include <ctime>
#include <string>
#include <utility>

namespace runnel::format {
namespace {

using std::chrono::sys_seconds, std::chrono::milliseconds;
using Milliseconds = std::chrono::sys_time<milliseconds>;

constexpr std::array<std::string_view, 24> facilities{
    "",       "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
    "uucp",   "cron",   "authpriv", "ftp",    "",       "",       "",       "",
    "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};
constexpr std::array<std::string_view, 8> severities{"emerg",   "alert",  "crit", "err",
                                                     "warning", "notice", "info", "debug"};

// <cctype> asks the locale.
bool is_in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

bool may_be_hostname(std::string_view name) {
  const auto printable = [](char c) { return c > 0x20 && c < 0x7f; };
  return !name.empty() && name.size() <= 255 && std::ranges::all_of(name, printable);
}

// The number in so many digits, with `fill` before it.
void append_digits(unsigned number, std::size_t digits, char fill, std::string& out) {
  const auto text = std::to_string(number);
  out.append(digits - std::min(digits, text.size()), fill);
  out += text;
}

// 2026-11-25T16:45:00.250Z
void append_utc(Milliseconds time, std::string& out) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  const auto part = [&out](auto number, std::size_t digits, char behind) {
    append_digits(static_cast<unsigned>(number), digits, '0', out);
    out += behind;
  };
  part(static_cast<int>(date.year()), 4, '-');
  part(static_cast<unsigned>(date.month()), 2, '-');
  part(static_cast<unsigned>(date.day()), 2, 'T');
  part(clock.hours().count(), 2, ':');
  part(clock.minutes().count(), 2, ':');
  part(clock.seconds().count(), 2, '.');
  part(clock.subseconds().count(), 3, 'Z');
}

// The value of a parameter of structured data (RFC 5424, section 6.3.3).
void append_escaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == ']') out += '\\';
    out += c;
  }
}

Milliseconds time_of(const delivery::Record& record, std::chrono::system_clock::time_point otherwise) {
  using std::chrono::year;
  constexpr Milliseconds end_of_time = std::chrono::sys_days(year(10000) / 1 / 1);
  const Milliseconds time{milliseconds(record.timestamp_ms)};
  const bool can_be_said = record.timestamp_ms >= 0 && time < end_of_time;
  return can_be_said ? time : std::chrono::floor<milliseconds>(otherwise);
}

}  // namespace

std::span<const std::string_view> syslog_facilities() {
  return facilities;
}
std::span<const std::string_view> syslog_severities() {
  return severities;
}

std::optional<int> syslog_priority(std::string_view facility, std::string_view severity) {
  const auto f = std::ranges::find(facilities, facility);
  const auto s = std::ranges::find(severities, severity);
  if (facility.empty() || f == facilities.end() || s == severities.end()) return std::nullopt;
  return static_cast<int>((f - facilities.begin()) * 8 + (s - severities.begin()));
}

bool is_syslog_name(std::string_view name) {
  return !name.empty() && name.size() <= 48 && std::ranges::all_of(name, is_in_name);
}

std::string_view cut_at_character(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, most); ++back) {
    const bool reaches_over = utf8_sequence(text.substr(most - back)) > back;
    if (reaches_over) return text.substr(0, most - back);
  }
  return text.substr(0, most);
}

SyslogFrames::SyslogFrames(SyslogParams params) : params_(std::move(params)) {
  const auto pid = std::to_string(params_.pid);
  before_ = "<" + std::to_string(params_.priority) + ">";
  if (params_.form == SyslogParams::Form::local) {
    between_ = " " + params_.app_name + "[" + pid + "]: ";
  } else {
    const auto host = may_be_hostname(params_.hostname) ? params_.hostname : "-";
    before_ += "1 ";
    // 32473 is the number that stands for an enterprise in examples (RFC 5612): Runnel has none of its own,
    // and a name without a number is IANA's to give.
    between_ = " " + host + " " + params_.app_name + " " + pid + " - [runnel@32473 topic=\"";
  }
}

bool SyslogFrames::append(const delivery::Record& record, std::string_view message,
                          std::chrono::system_clock::time_point otherwise, std::string& out) {
  append_header(record, time_of(record, otherwise));
  if (message.find('\0') != message.npos) {
    clean_.clear();
    for (const char c : message) {
      if (c == '\0')
        clean_ += "#000";
      else
        clean_ += c;
    }
    message = clean_;
  }
  const auto held = cut_at_character(message, params_.most - std::min(params_.most, header_.size()));
  if (params_.form == SyslogParams::Form::counted) out += std::to_string(header_.size() + held.size()) + ' ';
  out += header_;
  out += held;
  return held.size() == message.size();
}

void SyslogFrames::append_header(const delivery::Record& record, Milliseconds time) {
  header_ = before_;
  if (params_.form == SyslogParams::Form::local) {
    append_local_time(std::chrono::floor<std::chrono::seconds>(time));
    header_ += between_;
  } else {
    append_utc(time, header_);
    header_ += between_;
    append_escaped(record.partition->topic, header_);
    header_ += "\" partition=\"" + std::to_string(record.partition->number);
    header_ += "\" offset=\"" + std::to_string(record.offset) + "\"] ";
  }
}

// Nov 25 16:45:00, the day with a blank before a single digit; the names are those of locale C.
void SyslogFrames::append_local_time(sys_seconds time) {
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (local_second_.empty() || time != second_) {
    const std::time_t seconds = time.time_since_epoch().count();
    std::tm local{};
    ::localtime_r(&seconds, &local);
    local_second_ = months.substr(static_cast<std::size_t>(local.tm_mon) * 3, 3);
    const auto part = [this](char before, int number, char fill) {
      local_second_ += before;
      append_digits(static_cast<unsigned>(number), 2, fill, local_second_);
    };
    part(' ', local.tm_mday, ' ');
    part(' ', local.tm_hour, '0');
    part(':', local.tm_min, '0');
    part(':', local.tm_sec, '0');
    second_ = time;
  }
  header_ += local_second_;
}

}  // namespace runnel::format
