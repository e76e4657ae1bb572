#pragma once

#include <runnel/delivery/record.hpp>
#include <runnel/format/pattern.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace runnel::format {

enum class Kind { raw, json, pattern };

struct Format {
  Kind kind = Kind::raw;
  bool embed = false;  // json: a value that is valid JSON stands as JSON, not as a string
  Pattern pattern = {};
};

/// Turns records into bytes. Thread: one at a time, any.
class Formatter {
 public:
  virtual ~Formatter() = default;

  /// Appends records to `out` until it holds at least `enough` bytes; returns how many it took (at least
  /// one). One call for many records: there is no virtual call a record.
  virtual std::size_t append(std::span<const delivery::Record> records, std::string& out,
                             std::size_t enough) = 0;

  /// Whether it looks at Record::headers, which cost an allocation to read.
  virtual bool wants_headers() const = 0;
};

std::unique_ptr<Formatter> make_formatter(const Format& format);

}  // namespace runnel::format
