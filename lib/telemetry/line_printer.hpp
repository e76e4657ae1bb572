#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

namespace runnel::telemetry {

/// Writes lines to stderr on a thread of its own: a terminal that is stopped, or a pipe that nobody empties,
/// holds up nobody who logs. What does not fit the queue meanwhile is dropped and counted in the next line
/// that goes out. Never destroyed: its thread may be inside a write that never returns. Thread: any.
class LinePrinter {
 public:
  LinePrinter();

  /// `line` ends with its newline. Does not wait.
  void print(std::string line);

  /// A text that the next line, or the next text, replaces on the terminal.
  void show_status(std::string text);

  /// Takes the status away and waits until all is written, at most for so long.
  void flush(std::chrono::milliseconds most);

 private:
  void run();
  void add(std::string text);

  static constexpr std::size_t most_lines = 1000;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> lines_;
  std::uint64_t dropped_ = 0;
  bool writing_ = false;
  bool status_shown_ = false;
};

}  // namespace runnel::telemetry
