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

  /// A text below all lines of the terminal, in the place of the one before. What does not fit its width is
  /// cut: a terminal could not take away what goes on in the next row.
  void show_status(std::string text);

  /// Takes the status away and waits until all is written, at most for so long.
  void flush(std::chrono::milliseconds most);

 private:
  void run();
  bool idle() const { return lines_.empty() && !status_due_; }
  std::string take();

  static constexpr std::size_t most_lines = 1000;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> lines_;
  std::uint64_t dropped_ = 0;
  bool writing_ = false;
  std::string status_;         // the latest; those that nobody could see are not kept
  bool status_due_ = false;    // it is to be written
  bool status_shown_ = false;  // one is on the terminal
};

}  // namespace runnel::telemetry
