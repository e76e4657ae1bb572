#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace runnel::sinks {

struct WindowLimits {
  std::size_t keep = 8 * 1024 * 1024;  // bytes; more than a server's kernel is likely to hold unread
  std::chrono::milliseconds age{10'000};
};

/// The frames that are on their way, and those that were sent and may be needed again.
///
/// Syslog knows no acknowledgement: that the server's kernel has taken bytes does not say that the server has
/// read them, and what it had not read when it died is gone. So the last of them are kept, and sent again
/// when the connection breaks. What is not acknowledged is always kept; of the rest at most `keep` bytes, and
/// nothing that was sent longer than `age` ago. Holds no descriptor and no clock. Thread: one at a time.
class SyslogWindow {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using Limits = WindowLimits;

  /// Whole frames, and where each of them ends.
  struct Frames {
    std::string bytes;
    std::vector<std::size_t> ends;
    time_point sent_at = {};  // the last byte of it
  };

  explicit SyslogWindow(Limits limits = {}) : limits_(limits) {}

  /// Behind all others.
  void add(std::string_view bytes, std::vector<std::size_t> ends);

  /// The frames to send next, from byte offset() on; nullptr: all were sent.
  const Frames* next() const { return at_ < all_.size() ? &all_[at_] : nullptr; }
  std::size_t offset() const { return offset_; }

  /// So many more bytes of next() were sent.
  void sent(std::size_t count, time_point now);

  /// All but the last so many of the bytes that were sent are acknowledged.
  void acknowledge_all_but(std::size_t count, time_point now);

  /// The connection is gone: what is kept is to be sent again, from the beginning of a frame. How many bytes.
  std::size_t rewind(time_point now);

  /// What was sent and acknowledged has arrived for certain.
  void forget_acknowledged();

  std::size_t bytes() const { return bytes_; }

 private:
  bool may_go(const Frames& oldest, time_point now) const;
  void forget(time_point now);
  void pop();

  const Limits limits_;
  std::deque<Frames> all_;
  std::size_t bytes_ = 0;         // of all_
  std::size_t at_ = 0;            // of all_: the first that is not wholly sent
  std::size_t offset_ = 0;        // of it: what was sent
  std::size_t sent_ = 0;          // bytes, from the front of all_
  std::size_t acknowledged_ = 0;  // bytes, from the front of all_
};

}  // namespace runnel::sinks
