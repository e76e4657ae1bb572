#include "line_printer.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <thread>
#include <utility>

namespace runnel::telemetry {
namespace {

constexpr std::string_view clear_line = "\r\x1b[K";

void write_all(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // there is nobody to tell
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// Of the terminal, less the last column, where the cursor may stay in the row or not.
std::size_t width() {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col - 1U : std::string::npos;
}

}  // namespace

LinePrinter::LinePrinter() {
  std::thread([this] { run(); }).detach();
}

void LinePrinter::print(std::string line) {
  const std::lock_guard lock(mutex_);
  if (lines_.size() >= most_lines) {
    ++dropped_;
    return;
  }
  if (const auto dropped = std::exchange(dropped_, 0); dropped > 0)
    lines_.push_back("... " + std::to_string(dropped) +
                     " lines of the log are missing here: nobody read them\n");
  lines_.push_back(std::move(line));
  changed_.notify_all();
}

void LinePrinter::show_status(std::string text) {
  const std::lock_guard lock(mutex_);
  status_ = std::move(text);
  status_due_ = true;
  changed_.notify_all();
}

void LinePrinter::flush(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  status_.clear();
  status_due_ = status_shown_;  // the shell's prompt comes next
  changed_.notify_all();
  changed_.wait_for(lock, most, [this] { return idle() && !writing_; });
}

void LinePrinter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return !idle(); });
    const auto text = take();
    writing_ = true;
    lock.unlock();
    write_all(text);
    lock.lock();
    writing_ = false;
    changed_.notify_all();
  }
}

// What is to be written next: lines first, so that the status stands below them.
std::string LinePrinter::take() {
  std::string text = status_shown_ ? std::string(clear_line) : "";
  status_shown_ = false;
  if (!lines_.empty()) {
    text += lines_.front();
    lines_.pop_front();
    status_due_ = !status_.empty();
    return text;
  }
  status_due_ = false;
  status_shown_ = !status_.empty();
  return text + status_.substr(0, width());
}

}  // namespace runnel::telemetry
