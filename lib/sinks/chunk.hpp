#pragma once

#include <runnel/format/formatter.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runnel::sinks {

/// Records, formatted, on their way out: knows to the byte how far they were written.
///
/// It refers to the records it was filled with until they are written or dropped. Thread: one at a time.
class Chunk {
 public:
  static constexpr std::size_t enough = 256 * 1024;  // bytes that are worth a write

  explicit Chunk(std::unique_ptr<format::Formatter> formatter) : formatter_(std::move(formatter)) {}

  /// Formats records and takes them off the front of `records`, until the chunk is full or all are in it.
  void fill(std::span<const delivery::Record>& records);

  bool full() const { return bytes_.size() >= enough; }
  bool empty() const { return bytes_.empty(); }

  /// What is still to be written; and: so much of it was.
  std::string_view rest() const { return std::string_view(bytes_).substr(written_); }
  void wrote(std::size_t count);

  void drop();

  /// Drops every record of which no byte was written, so that a line that was begun can still be ended. Does
  /// not refer to the records afterwards.
  void drop_unbegun();

 private:
  std::unique_ptr<format::Formatter> formatter_;
  std::vector<std::span<const delivery::Record>> records_;  // in bytes_; empty when it holds an orphaned rest
  std::string bytes_;
  std::size_t written_ = 0;
};

}  // namespace runnel::sinks
