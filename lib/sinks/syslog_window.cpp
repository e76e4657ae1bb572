#include "syslog_window.hpp"

#include <algorithm>
#include <utility>

namespace runnel::sinks {

void SyslogWindow::add(std::string_view bytes, std::vector<std::size_t> ends) {
  bytes_ += bytes.size();
  all_.push_back({std::string(bytes), std::move(ends)});
}

void SyslogWindow::sent(std::size_t count, time_point now) {
  sent_ += count;
  offset_ += count;
  auto& frames = all_[at_];
  if (offset_ < frames.bytes.size()) return;
  frames.sent_at = now;
  ++at_;
  offset_ = 0;
}

void SyslogWindow::acknowledge_all_but(std::size_t count, time_point now) {
  acknowledged_ = std::max(acknowledged_, sent_ - std::min(sent_, count));
  forget(now);
}

std::size_t SyslogWindow::rewind(time_point now) {
  forget(now);
  const auto again = sent_;
  at_ = offset_ = sent_ = acknowledged_ = 0;
  return again;
}

void SyslogWindow::forget_acknowledged() {
  while (at_ > 0 && all_.front().bytes.size() <= acknowledged_) pop();
}

bool SyslogWindow::may_go(const Frames& oldest, time_point now) const {
  if (oldest.bytes.size() > acknowledged_) return false;
  return acknowledged_ - oldest.bytes.size() >= limits_.keep || now - oldest.sent_at > limits_.age;
}

void SyslogWindow::forget(time_point now) {
  while (at_ > 0 && may_go(all_.front(), now)) pop();
}

void SyslogWindow::pop() {
  const auto size = all_.front().bytes.size();
  bytes_ -= size;
  sent_ -= size;
  acknowledged_ -= size;
  --at_;
  all_.pop_front();
}

}  // namespace runnel::sinks
