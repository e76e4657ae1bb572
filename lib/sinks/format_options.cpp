#include "format_options.hpp"

namespace runnel::sinks {
namespace {

std::string wrong_pattern(std::string_view text) {
  try {
    format::Pattern{text};
  } catch (const format::PatternError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

void FormatOptions::add_fields(std::vector<config::Field>& fields) {
  fields.push_back({.key = "format",
                    .target = &format,
                    .doc =
                        "raw: the value and a newline (a null value is an empty line). json: one object a "
                        "line with topic, partition, offset, timestamp (ms since 1970), key, headers and "
                        "value; text is a string, other bytes are {\"base64\": \"...\"}. pattern: what the "
                        "key pattern says.",
                    .choices = {"raw", "json", "pattern"}});
  fields.push_back({.key = "embed",
                    .target = &embed,
                    .doc = "With json: a value that is valid JSON stands as JSON instead of as a string, and "
                           "bytes that are not UTF-8 stand under value_base64 instead of value."});
  fields.push_back({.key = "pattern",
                    .target = &pattern,
                    .doc =
                        "With format pattern, which needs it: what to write for each record, as with kcat "
                        "-f. Tokens: %s value, %S its size, %R its size in 4 bytes, %k key, %K its size, %T "
                        "timestamp (ms since 1970), %h headers, %t topic, %p partition, %o offset, %% a %. "
                        "Escapes: \\n, \\r, \\t, \\\\, \\xHH.",
                    .wrong = wrong_pattern});
}

FormatOptions::Wrong FormatOptions::wrong() const {
  if (format == "pattern" && !pattern)
    return {"pattern", R"(it is missing; say what to write for each record, such as pattern = '%k: %s\n')"};
  if (format != "pattern" && pattern)
    return {"pattern", R"(it is for format = "pattern" alone; write that, or remove this key)"};
  return {};
}

format::Format FormatOptions::chosen() const {
  if (format == "pattern")
    return {.kind = format::Kind::pattern, .pattern = format::Pattern(pattern.value_or(""))};
  return {.kind = format == "json" ? format::Kind::json : format::Kind::raw, .embed = embed};
}

}  // namespace runnel::sinks
