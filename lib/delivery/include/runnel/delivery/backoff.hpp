#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace runnel::delivery {

struct BackoffParams {
  std::chrono::milliseconds first{250};  // at least 1 ms
  std::chrono::milliseconds most{30'000};
  std::optional<std::uint64_t> seed;  // none: no jitter
};

/// How long to wait before the next attempt: twice as long each time, up to a limit.
///
/// With a seed each wait is drawn from the upper half of what it would be, so that many who failed together
/// do not all come back together; the same seed gives the same waits.
class Backoff {
 public:
  explicit Backoff(BackoffParams params = {});

  /// After a failure: the time to wait.
  std::chrono::milliseconds next();

  /// After a success: the next failure begins with the first wait again.
  void reset() { wait_ = params_.first; }

 private:
  BackoffParams params_;
  std::chrono::milliseconds wait_;
};

}  // namespace runnel::delivery
