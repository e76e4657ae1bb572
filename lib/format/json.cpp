#include "base64.hpp"
#include "formatters.hpp"
#include "json_check.hpp"
#include "pen.hpp"
#include "utf8.hpp"

#include <boost/json/serializer.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

namespace runnel::format {
namespace {

using delivery::Bytes;
using delivery::Record;

// Whether text may stand between quotes as it is: ASCII, nothing below a space, no `"`, no `\`. A block at a
// time, in the vectors that g++ and clang have on every machine; the last block overlaps the one before.
bool is_plain(std::string_view text) {
  using Block [[gnu::vector_size(16)]] = unsigned char;
  Block found{};
  const auto look = [&](const char* at) {
    Block block;
    std::memcpy(&block, at, sizeof block);
    found |= Block(block < 0x20) | Block(block >= 0x80) | Block(block == '"') | Block(block == '\\');
  };
  if (text.size() < sizeof(Block)) {
    char padded[sizeof(Block)];
    std::memset(padded, ' ', sizeof padded);
    std::memcpy(padded, text.data(), text.size());
    look(padded);
  } else {
    for (std::size_t i = 0; i + sizeof(Block) < text.size(); i += sizeof(Block)) look(text.data() + i);
    look(text.data() + text.size() - sizeof(Block));
  }
  std::uint64_t halves[2];
  std::memcpy(halves, &found, sizeof halves);
  return (halves[0] | halves[1]) == 0;
}

class Json final : public Formatter {
 public:
  explicit Json(bool embed) : embed_(embed) {}

  std::size_t append(std::span<const Record> records, std::string& out, std::size_t enough) override {
    Pen pen(out);
    const delivery::Partition* last = nullptr;
    std::size_t taken = 0;
    for (const auto& record : records) {
      if (std::exchange(last, record.partition) != record.partition) set_partition(*record.partition);
      append_record(record, pen);
      ++taken;
      if (pen.used() >= enough) break;
    }
    return taken;
  }

  bool wants_headers() const override { return true; }

 private:
  // The beginning of a line is the same for many records, so it is kept.
  void set_partition(const delivery::Partition& partition) {
    if (!prefix_.empty() && partition == of_) return;
    of_ = partition;
    prefix_.clear();
    Pen pen(prefix_);
    pen.literal(R"({"topic":)");
    append_bytes(of_.topic, pen);
    pen.literal(R"(,"partition":)");
    pen.number(of_.number);
    pen.literal(R"(,"offset":)");
  }

  void append_record(const Record& record, Pen& pen) {
    pen.text(prefix_);
    pen.number(record.offset);
    pen.literal(R"(,"timestamp":)");
    if (record.timestamp_ms < 0) {
      pen.literal("null");
    } else {
      pen.number(record.timestamp_ms);
    }
    pen.literal(R"(,"key":)");
    append_bytes(record.key, pen);
    pen.literal(R"(,"headers":[)");
    append_headers(record.headers, pen);
    if (embed_ && record.value) {
      embed_value(*record.value, pen);
    } else {
      pen.literal(R"(],"value":)");
      append_bytes(record.value, pen);
    }
    pen.literal("}\n");
  }

  void append_headers(std::span<const delivery::Header> headers, Pen& pen) {
    for (const auto& header : headers) {
      if (&header != headers.data()) pen.literal(",");
      pen.literal("[");
      append_bytes(header.name, pen);
      pen.literal(",");
      append_bytes(header.value, pen);
      pen.literal("]");
    }
  }

  void embed_value(std::string_view value, Pen& pen) {
    if (check_.valid(value)) {
      pen.literal(R"(],"value":)");
      append_on_one_line(value, pen);
    } else if (valid_utf8(value)) {
      pen.literal(R"(],"value":)");
      append_text(value, pen);
    } else {
      // Not {"base64": …}, for a value that is JSON may say that as well.
      pen.literal(R"(],"value_base64":")");
      append_base64(value, pen);
      pen.literal("\"");
    }
  }

  void append_bytes(const Bytes& bytes, Pen& pen) {
    if (!bytes) {
      pen.literal("null");
    } else if (is_plain(*bytes)) {
      pen.literal("\"");
      pen.text(*bytes);
      pen.literal("\"");
    } else if (valid_utf8(*bytes)) {
      append_text(*bytes, pen);
    } else {
      pen.literal(R"({"base64":")");
      append_base64(*bytes, pen);
      pen.literal(R"("})");
    }
  }

  void append_text(std::string_view text, Pen& pen) {
    serializer_.reset(boost::json::string_view(text.data(), text.size()));
    while (!serializer_.done()) {
      constexpr std::size_t step = 1024;
      pen.wrote(serializer_.read(pen.room(step), step).size());
    }
  }

  // In JSON a line break can stand only between tokens.
  static void append_on_one_line(std::string_view json, Pen& pen) {
    const auto breaks = [](char c) { return c == '\n' || c == '\r'; };
    std::replace_copy_if(json.begin(), json.end(), pen.room(json.size()), breaks, ' ');
    pen.wrote(json.size());
  }

  const bool embed_;
  delivery::Partition of_;
  std::string prefix_;
  boost::json::serializer serializer_;
  JsonCheck check_;
};

}  // namespace

std::unique_ptr<Formatter> make_json(bool embed) {
  return std::make_unique<Json>(embed);
}

}  // namespace runnel::format
