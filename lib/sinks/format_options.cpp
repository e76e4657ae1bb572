#include "format_options.hpp"

namespace runnel::sinks {

void FormatOptions::add_fields(std::vector<config::Field>& fields) {
  fields.push_back({.key = "format",
                    .target = &format,
                    .doc = "raw: the value and a newline (a null value is an empty line). json: one object a "
                           "line with topic, partition, offset, timestamp (ms since 1970), key, headers and "
                           "value; text is a string, other bytes are {\"base64\": \"...\"}.",
                    .choices = {"raw", "json"}});
  fields.push_back({.key = "embed",
                    .target = &embed,
                    .doc = "With json: a value that is valid JSON stands as JSON instead of as a string, and "
                           "bytes that are not UTF-8 stand under value_base64 instead of value."});
}

format::Format FormatOptions::chosen() const {
  return {.kind = format == "json" ? format::Kind::json : format::Kind::raw, .embed = embed};
}

}  // namespace runnel::sinks
