#pragma once

#include <runnel/config/config.hpp>

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace runnel::config {

/// A sink with a key of every sort.
struct FakeOptions final : SinkOptions {
  bool flag = false;
  std::int64_t number = 5;
  std::optional<std::int64_t> maybe;
  Duration pause = std::chrono::seconds(1);
  Size size{1 << 20};
  Mode mode{0640};
  std::string path;
  std::optional<std::string> text;
  std::string choice = "raw";
  std::vector<std::string> list{"one"};
  Field::Pairs pairs;

  std::vector<Field> fields() override {
    return {{.key = "flag", .target = &flag, .doc = "A flag."},
            {.key = "number", .target = &number, .doc = "A number.", .least = 1, .most = 10},
            {.key = "maybe", .target = &maybe, .doc = "A number or none."},
            {.key = "pause", .target = &pause, .doc = "A time.", .least = 10, .most = 60'000},
            {.key = "size", .target = &size, .doc = "A size.", .least = 1024, .most = 1 << 30},
            {.key = "mode", .target = &mode, .doc = "A mode."},
            {.key = "path",
             .target = &path,
             .doc = "A path.",
             .required = true,
             .template_for = format::Use::path},
            {.key = "text",
             .target = &text,
             .doc = "A text or none.",
             .wrong = [](std::string_view word) -> std::string {
               return word == "wrong" ? "it is not right; write another" : "";
             }},
            {.key = "choice", .target = &choice, .doc = "A choice.", .choices = {"raw", "json"}},
            {.key = "list", .target = &list, .doc = "A list."},
            {.key = "pairs", .target = &pairs, .doc = "Pairs."}};
  }
};

struct NoOptions final : SinkOptions {
  std::vector<Field> fields() override { return {}; }
};

inline constexpr std::array<SinkKind, 2> fake_kinds{
    SinkKind{"fake", "Everything.",
             []() -> std::unique_ptr<SinkOptions> { return std::make_unique<FakeOptions>(); }},
    SinkKind{"null", "Nothing.",
             []() -> std::unique_ptr<SinkOptions> { return std::make_unique<NoOptions>(); }}};

inline Config load_text(std::string text, std::vector<std::string> sets = {}, bool allow_empty = true) {
  return load({std::move(text), "t.toml", std::move(sets), allow_empty}, fake_kinds);
}

/// What load() says against it.
inline std::string refusal(std::string text, std::vector<std::string> sets = {}, bool allow_empty = true) {
  try {
    load_text(std::move(text), std::move(sets), allow_empty);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace runnel::config
