#include "line_printer.hpp"

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

}  // namespace

LinePrinter::LinePrinter() {
  std::thread([this] { run(); }).detach();
}

void LinePrinter::print(std::string line) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(status_shown_, false)) line.insert(0, clear_line);
  add(std::move(line));
}

void LinePrinter::show_status(std::string text) {
  const std::lock_guard lock(mutex_);
  status_shown_ = true;
  add(std::string(clear_line) + std::move(text));
}

void LinePrinter::add(std::string text) {
  if (lines_.size() >= most_lines) {
    ++dropped_;
    return;
  }
  if (const auto dropped = std::exchange(dropped_, 0); dropped > 0)
    lines_.push_back("... " + std::to_string(dropped) +
                     " lines of the log are missing here: nobody read them\n");
  lines_.push_back(std::move(text));
  changed_.notify_all();
}

void LinePrinter::flush(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  if (std::exchange(status_shown_, false)) add(std::string(clear_line));  // the shell's prompt comes next
  changed_.wait_for(lock, most, [this] { return lines_.empty() && !writing_; });
}

void LinePrinter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return !lines_.empty(); });
    const auto line = std::move(lines_.front());
    lines_.pop_front();
    writing_ = true;
    lock.unlock();
    write_all(line);
    lock.lock();
    writing_ = false;
    changed_.notify_all();
  }
}

}  // namespace runnel::telemetry
