#pragma once

#include "chunk.hpp"
#include "errands.hpp"
#include "format_options.hpp"
#include "simple.hpp"

#include <runnel/sinks/registry.hpp>

#include <memory>
#include <span>

namespace runnel::sinks {

struct StdoutOptions final : FormatOptions {
  std::vector<config::Field> fields() override;
};

/// Writes records to a descriptor that the process was given and shares with others: standard output.
///
/// Delivered: write(2) took it all, so each record at least once from the last checkpoint on. A terminal that
/// is stopped, or a pipe that nobody empties, holds back the flow; the blocked write stays on the sink's own
/// thread past the deadline. The descriptor is never made non-blocking, for that would hold for all who share
/// it. On a terminal, what could steer it is shown escaped; into a pipe or a file bytes go unchanged.
/// Outcomes: closed when the reader is gone; failed for every other error of write(2). SIGPIPE must be
/// ignored.
class StdoutSink final : public SimpleSink {
 public:
  StdoutSink(int fd, const StdoutOptions& options, const Context& context);

  async::awaitable<flow::Delivered> deliver(const delivery::Batch& batch, flow::Hurry& hurry) override;
  async::awaitable<void> stop(flow::Hurry& hurry) override;

 private:
  void begin(const delivery::Batch& batch);
  flow::Delivered write();
  flow::Delivered refused(int error) const;

  int fd_;
  bool terminal_;
  delivery::Batch batch_;                   // whose records are being written, or were given up
  std::span<const delivery::Record> left_;  // of it, not yet in the chunk
  Chunk chunk_;
  Errands errands_;
};

Kind stdout_sink();

}  // namespace runnel::sinks
