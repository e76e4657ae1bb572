#pragma once

#include <atomic>
#include <chrono>

namespace runnel::daemon {

/// Ends the process when its end takes too long, whatever librdkafka, a disk or a terminal does: with a
/// broker that does not answer, leaving a group or destroying a handle can take minutes. Thread: any.
class Watchdog {
 public:
  /// From `when` on the process has ended, with the exit code that is set by then. The first call counts.
  void arm(std::chrono::steady_clock::time_point when);

  /// All is delivered, committed and left: destructors are tried for a second, but nothing depends on them.
  /// librdkafka's can hang for ever once a topic that was read has been deleted (librdkafka#4362).
  void leave_soon() const;

  /// The exit code so far. The first that is not 0 stays.
  void set_code(int code);
  int code() const { return code_; }

  /// Ends the process now, without destructors.
  [[noreturn]] void leave() const;

 private:
  std::atomic<bool> armed_ = false;
  std::atomic<int> code_ = 0;
};

}  // namespace runnel::daemon
