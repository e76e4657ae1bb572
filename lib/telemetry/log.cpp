#include "line_printer.hpp"

#include <runnel/telemetry/log.hpp>
#include <runnel/telemetry/mask.hpp>

#include <spdlog/details/null_mutex.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

namespace runnel::telemetry {
namespace {

constexpr std::size_t most_bytes = 4000;  // of one message: no cause may fill a disk with one line

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

/// "<4>", as sd-daemon(3) describes it: the journal takes the priority from it.
class JournalPriority final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    out.push_back('<');
    out.push_back(priority(message.level));
    out.push_back('>');
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JournalPriority>();
  }

 private:
  static char priority(spdlog::level::level_enum level) {
    switch (level) {
      case spdlog::level::debug:
        return '7';
      case spdlog::level::info:
        return '6';
      case spdlog::level::warn:
        return '4';
      default:
        return '3';
    }
  }
};

LinePrinter& printer() {
  static auto& instance = *new LinePrinter;  // never destroyed, see there
  return instance;
}

class PrinterSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit PrinterSink(bool coloured) : coloured_(coloured) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    std::string line(text.data(), text.size());
    if (coloured_ && message.color_range_end > message.color_range_start) {
      line.insert(message.color_range_end, "\x1b[m");
      line.insert(message.color_range_start, colour(message.level));
    }
    printer().print(std::move(line));
  }
  void flush_() override {}

  static const char* colour(spdlog::level::level_enum level) {
    switch (level) {
      case spdlog::level::debug:
        return "\x1b[36m";
      case spdlog::level::info:
        return "\x1b[32m";
      case spdlog::level::warn:
        return "\x1b[33m\x1b[1m";
      default:
        return "\x1b[31m\x1b[1m";
    }
  }

  bool coloured_;
};

std::shared_ptr<spdlog::logger> make_logger(Dress dress) {
  return std::make_shared<spdlog::logger>("runnel", std::make_shared<PrinterSink>(dress == Dress::coloured));
}

std::unique_ptr<spdlog::formatter> make_formatter(Dress dress) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  if (dress == Dress::journal) {
    formatter->add_flag<JournalPriority>('*').set_pattern("%*%v");
  } else {
    formatter->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-7l%$ %v");
  }
  return formatter;
}

/// Before open_log() a line goes to stderr as well: plain, and at once.
std::shared_ptr<spdlog::logger>& logger() {
  static auto instance = [] {
    auto plain =
        std::make_shared<spdlog::logger>("runnel", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    plain->set_formatter(make_formatter(Dress::plain));
    return plain;
  }();
  return instance;
}

/// What is hidden, for every thread that logs.
class Secrets {
 public:
  void add(const std::vector<std::string>& texts) {
    const std::lock_guard lock(mutex_);
    mask_.add(texts);
  }
  std::string hidden_in(std::string_view text) const {
    const std::lock_guard lock(mutex_);
    return mask_(text);
  }

 private:
  mutable std::mutex mutex_;
  Mask mask_;
};

Secrets& secrets() {
  static auto& instance = *new Secrets;  // never destroyed: a crash at the very end has its message too
  return instance;
}

/// The length of the UTF-8 character that `text` begins with, if a terminal may see it as it is; else 0.
std::size_t printable_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80; };
  const auto first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
  if (first < 0xC2 || first > 0xF4 || !continues(1)) return 0;
  if (first < 0xE0) return first == 0xC2 && byte(1) < 0xA0 ? 0 : 2;  // U+0080 to U+009F are controls, too
  if (!continues(2)) return 0;
  if (first < 0xF0) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) >= 0xA0;
    // U+2028 and U+2029 break the line; U+202A to U+202E and U+2066 to U+2069 turn the order of what is
    // shown.
    const bool breaks_or_turns = first == 0xE2 && ((byte(1) == 0x80 && byte(2) >= 0xA8 && byte(2) <= 0xAE) ||
                                                   (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9));
    return overlong || surrogate || breaks_or_turns ? 0 : 3;
  }
  const bool out_of_range = (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) >= 0x90);
  return out_of_range || !continues(3) ? 0 : 4;
}

}  // namespace

void open_log(Dress dress, Level level) {
  auto fresh = make_logger(dress);
  fresh->set_formatter(make_formatter(dress));
  fresh->set_level(to_spdlog(level));
  logger() = std::move(fresh);
}

void set_level(Level level) {
  logger()->set_level(to_spdlog(level));
}

void hide(const std::vector<std::string>& texts) {
  secrets().add(texts);
}

void show_status(std::string_view text) {
  printer().show_status(presentable(text));
}

void flush_log(std::chrono::milliseconds most) {
  printer().flush(most);
}

void log(Level level, std::string_view area, std::string_view message) {
  const auto at = to_spdlog(level);
  if (!logger()->should_log(at)) return;
  auto line = presentable(area) + ": ";
  const auto text =
      secrets().hidden_in(message);  // first of all: a secret that is cut would no longer be known
  line += printable(std::string_view(text).substr(0, most_bytes));
  if (text.size() > most_bytes) line += fmt::format("... ({} bytes more)", text.size() - most_bytes);
  logger()->log(at, spdlog::string_view_t(line));
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    auto length = printable_length(text);
    if (length > 0) {
      out.append(text.substr(0, length));
    } else {
      const auto byte = static_cast<unsigned char>(text.front());
      out.append({'\\', 'x', "0123456789abcdef"[byte >> 4U], "0123456789abcdef"[byte & 15U]});
      length = 1;
    }
    text.remove_prefix(length);
  }
  return out;
}

std::string presentable(std::string_view text) {
  return printable(secrets().hidden_in(text));
}

}  // namespace runnel::telemetry
