#pragma once

#include <fmt/core.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

// The one log of the process. A line is `area: message`; control characters and what is not UTF-8 are shown
// escaped, so a record's bytes can forge no line and no terminal escape. Secrets are hidden.
namespace runnel::telemetry {

enum class Level { debug, info, warning, error };

enum class Dress {
  journal,   // systemd's <N> priority prefix, no time: the journal has its own
  plain,     // time, level, message
  coloured,  // the same, for a terminal
};

/// From here on lines go to stderr by a thread of the log's own: who logs never waits for a terminal. What
/// nobody reads is dropped and counted. Thread: any, but open_log() before other threads log.
void open_log(Dress dress, Level level);
void set_level(Level level);

/// From here on these, too, stand in no line, whoever writes it. Thread: any.
void hide(const std::vector<std::string>& texts);

/// Shows a text on the terminal until the next line, or the next text, takes its place.
void show_status(std::string_view text);

/// Waits until every line is written, at most for so long: before the process ends.
void flush_log(std::chrono::milliseconds most);

void log(Level level, std::string_view area, std::string_view message);

template <class... Args>
void info(std::string_view area, fmt::format_string<Args...> text, Args&&... args) {
  log(Level::info, area, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void warn(std::string_view area, fmt::format_string<Args...> text, Args&&... args) {
  log(Level::warning, area, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void error(std::string_view area, fmt::format_string<Args...> text, Args&&... args) {
  log(Level::error, area, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void debug(std::string_view area, fmt::format_string<Args...> text, Args&&... args) {
  log(Level::debug, area, fmt::format(text, std::forward<Args>(args)...));
}

/// `text` with control characters and what is not UTF-8 as \xNN.
std::string printable(std::string_view text);

/// `text` as a line of the log may hold it: printable, and secrets hidden.
std::string presentable(std::string_view text);

}  // namespace runnel::telemetry
