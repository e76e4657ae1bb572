#include "stdout.hpp"

#include "answers.hpp"

#include <runnel/format/visible.hpp>

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace runnel::sinks {
namespace {

std::unique_ptr<format::Formatter> formatter(const StdoutOptions& options, bool terminal) {
  return terminal ? format::make_visible(options.chosen()) : format::make_formatter(options.chosen());
}

void wait_for_room(int fd) {
  pollfd room{fd, POLLOUT, 0};
  ::poll(&room, 1, -1);
}

std::unique_ptr<config::SinkOptions> options() {
  return std::make_unique<StdoutOptions>();
}

Made make(const config::SinkOptions& given, const Context& context) {
  const auto& chosen = static_cast<const StdoutOptions&>(given);
  return {std::make_unique<StdoutSink>(STDOUT_FILENO, chosen, context),
          format::make_formatter(chosen.chosen())->wants_headers()};
}

}  // namespace

std::vector<config::Field> StdoutOptions::fields() {
  std::vector<config::Field> fields;
  add_fields(fields);
  return fields;
}

StdoutSink::StdoutSink(int fd, const StdoutOptions& options, const Context& context)
    : fd_(fd),
      terminal_(::isatty(fd) == 1),
      chunk_(formatter(options, terminal_)),
      errands_(context.loop, context.clock) {}

async::awaitable<flow::Delivered> StdoutSink::deliver(const delivery::Batch& batch, flow::Hurry& hurry) {
  const bool free = co_await errands_.idle(hurry);
  if (!free) co_return late();
  if (!same(batch, batch_)) begin(batch);
  Errands::Call call = [this] { return write(); };
  auto result = co_await errands_.run(std::move(call), hurry);
  if (result.outcome == flow::Outcome::done) batch_ = {};
  co_return result;
}

async::awaitable<void> StdoutSink::stop(flow::Hurry& hurry) {
  std::ignore = co_await errands_.idle(hurry);
}

// Another batch than the one before: that one was given up. A line of it that was begun is still ended.
void StdoutSink::begin(const delivery::Batch& batch) {
  chunk_.drop_unbegun();
  batch_ = batch;
  left_ = batch.records;
}

flow::Delivered StdoutSink::write() {
  while (!chunk_.empty() || !left_.empty()) {
    if (errands_.given_up()) return late();
    if (chunk_.empty()) chunk_.fill(left_);
    const auto count = ::write(fd_, chunk_.rest().data(), chunk_.rest().size());
    if (count >= 0) {
      chunk_.wrote(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {  // whoever shares it has made it non-blocking
      wait_for_room(fd_);
    } else if (errno != EINTR) {
      return refused(errno);
    }
  }
  return {};
}

flow::Delivered StdoutSink::refused(int error) const {
  const bool gone = error == EPIPE || error == EBADF || (terminal_ && error == EIO);  // EIO: it hung up
  auto result = failed(std::string("standard output: ") + std::strerror(error));
  if (gone) result.outcome = flow::Outcome::closed;
  return result;
}

Kind stdout_sink() {
  return {{"stdout", "Writes records to standard output.", options}, make};
}

}  // namespace runnel::sinks
