#include "section.hpp"

#include "toml_text.hpp"

#include <runnel/config/units.hpp>
#include <runnel/format/nearest.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace runnel::config {
namespace {

/// One value on its way into the variable of its field.
class Reader {
 public:
  Reader(const Field& field, const Node& node, const std::string& key, Hidden& hidden)
      : field_(field), node_(node), key_(key), hidden_(hidden) {}

  void operator()(bool* out) const {
    const auto* flag = std::get_if<bool>(&node_.value);
    if (!flag) refuse(fmt::format("true or false must stand here, not {}", node_.what()));
    *out = *flag;
  }

  void operator()(std::int64_t* out) const {
    const auto* number = std::get_if<std::int64_t>(&node_.value);
    if (!number) refuse(fmt::format("a whole number must stand here, not {}", node_.what()));
    check_limits(*number, std::to_string(*number), [](auto limit) { return std::to_string(limit); });
    *out = *number;
  }

  void operator()(Duration* out) const {
    const auto text = with_unit("a duration", "s");
    const auto parsed = parse_duration(text.value);
    if (!parsed)
      refuse(text.shown() + " is no duration; write a whole number and ms, s, m, h or d: \"250ms\"");
    check_limits(parsed->count(), text.shown(), [](auto limit) { return to_text(Duration(limit)); });
    *out = *parsed;
  }

  void operator()(Size* out) const {
    const auto text = with_unit("a size", "MiB");
    const auto parsed = parse_size(text.value);
    if (!parsed)
      refuse(text.shown() + " is no size; write a whole number and B, KiB, MiB, GiB or TiB: \"64MiB\"");
    check_limits(static_cast<std::int64_t>(parsed->bytes), text.shown(),
                 [](auto limit) { return to_text(Size{static_cast<std::uint64_t>(limit)}); });
    *out = *parsed;
  }

  void operator()(Mode* out) const {
    const auto text = read("a file mode (a string of octal digits)");
    const auto parsed = parse_mode(text.value);
    if (!parsed) refuse(text.shown() + " is no file mode; write octal digits in quotes: \"0640\"");
    *out = *parsed;
  }

  void operator()(std::string* out) const {
    const auto text = read("a string");
    check_text(text);
    if (field_.required && text.value.empty()) refuse("it cannot be empty");
    *out = text.value;
  }

  void operator()(std::vector<std::string>* out) const {
    Gathered all;
    out->clear();
    for (const auto& element : array("an array of strings, such as [\"a\", \"b\"],")) {
      const auto text = read_text(element, key_, "an array of strings");
      check_text(text);
      all.add(text.toml(), hide(text));
      out->push_back(text.value);
    }
    remember(all);
    if (field_.required && out->empty()) refuse("it cannot be empty; name at least one");
  }

  void operator()(Field::Pairs* out) const {
    constexpr std::string_view pairs = "an array of pairs, such as [[\"name\", \"value\"]],";
    Gathered all;
    out->clear();
    for (const auto& element : array(pairs)) {
      const auto* pair = std::get_if<Array>(&element.value);
      if (!pair || pair->size() != 2) refuse(fmt::format("{} must stand here", pairs));
      const auto name = read_text(pair->front(), key_, "a header's name");
      const auto value = read_text(pair->back(), key_, "a header's value");
      check_text(value);
      const bool name_hidden = hide(name);
      all.add(fmt::format("[{}, {}]", name.toml(), value.toml()), hide(value) || name_hidden);
      out->emplace_back(name.value, value.value);
    }
    remember(all);
  }

  template <class T>
  void operator()(std::optional<T>* out) const {
    (*this)(&out->emplace());
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { fail(node_.where, key_, why); }

  /// An array as TOML, and whether a part of it came from elsewhere.
  struct Gathered {
    std::string toml;
    bool referenced = false;

    void add(const std::string& element, bool reference) {
      toml += (toml.empty() ? "" : ", ") + element;
      referenced = referenced || reference;
    }
  };

  void remember(const Gathered& all) const {
    if (all.referenced) hidden_.references[key_] = '[' + all.toml + ']';
  }

  bool hide(const Text& text) const {
    if (text.reference.empty()) return false;
    hidden_.values.push_back(text.value);
    return true;
  }

  Text read(std::string_view expected) const {
    auto text = read_text(node_, key_, expected);
    if (hide(text)) hidden_.references[key_] = text.reference;
    return text;
  }

  Text with_unit(std::string_view what, std::string_view unit) const {
    if (const auto* number = std::get_if<std::int64_t>(&node_.value)) {
      refuse(fmt::format("{} has no unit; write {} as a string with its unit: \"{}{}\"", *number, what,
                         *number, unit));
    }
    return read(fmt::format("{} (a string with a unit)", what));
  }

  const Array& array(std::string_view expected) const {
    const auto* found = std::get_if<Array>(&node_.value);
    if (!found) refuse(fmt::format("{} must stand here, not {}", expected, node_.what()));
    return *found;
  }

  template <class ToText>
  void check_limits(std::int64_t number, const std::string& shown, ToText to_text) const {
    if (number < field_.least) {
      refuse(fmt::format("{} is too small; the least is {}", shown, to_text(field_.least)));
    }
    if (number > field_.most) {
      refuse(fmt::format("{} is too large; the most is {}", shown, to_text(field_.most)));
    }
  }

  void check_text(const Text& text) const {
    if (!field_.choices.empty() && std::ranges::find(field_.choices, text.value) == field_.choices.end()) {
      refuse(fmt::format("{} is none of the choices{}", text.shown(),
                         text.reference.empty() ? format::suggestion(text.value, field_.choices) : ""));
    }
    if (field_.wrong != nullptr) {
      const auto why = field_.wrong(text.value);
      // Why may quote the text, which nobody may see if it came from elsewhere.
      if (!why.empty())
        refuse(text.reference.empty() ? fmt::format("{}: {}", text.shown(), why)
                                      : text.shown() + " cannot stand here");
    }
    if (!field_.template_for) return;
    try {
      format::Template{text.value, *field_.template_for};
    } catch (const format::TemplateError& error) {
      // The message quotes the template, which nobody may see if it came from elsewhere.
      refuse(text.reference.empty() ? error.what() : text.shown() + " is no template that can stand here");
    }
  }

  const Field& field_;
  const Node& node_;
  const std::string& key_;
  Hidden& hidden_;
};

}  // namespace

Section::Section(const Node& node, std::string path, Hidden& hidden)
    : node_(node), path_(std::move(path)), hidden_(hidden) {
  if (!node.table()) fail(node.where, path_, fmt::format("a table must stand here, not {}", node.what()));
}

const Node* Section::take(std::string_view key) {
  known_.emplace(key);
  const auto found = table().find(key);
  return found == table().end() ? nullptr : &found->second;
}

Text Section::take_text(std::string_view key, const std::string& mend) {
  const auto* node = take(key);
  if (!node) refuse(key, "it is missing; " + mend);
  auto text = read_text(*node, path_of(key), "a string");
  if (!text.reference.empty()) {
    hidden_.references[path_of(key)] = text.reference;
    hidden_.values.push_back(text.value);
  }
  return text;
}

void Section::fill(const std::vector<Field>& fields) {
  for (const auto& field : fields) {
    const auto* node = take(field.key);
    if (node) {
      const auto key = path_of(field.key);
      std::visit(Reader(field, *node, key, hidden_), field.target);
    } else if (field.required) {
      std::vector<std::string_view> there;
      for (const auto& entry : table()) there.push_back(entry.first);
      const auto near = format::nearest(field.key, there);
      refuse(field.key, near.empty()
                            ? fmt::format("it is missing; write it. {}", field.doc)
                            : fmt::format("it is missing; is {} meant to be it? {}", near, field.doc));
    }
  }
}

void Section::finish() const {
  for (const auto& [key, node] : table()) {
    if (known_.contains(key)) continue;
    const std::vector<std::string_view> known(known_.begin(), known_.end());
    const std::string_view hint =
        known_.contains("kafka") ? "; librdkafka's own properties stand under kafka" : "";
    fail(node.where, path_of(key),
         fmt::format("there is no such key{}{}", format::suggestion(key, known), hint));
  }
}

void Section::refuse(std::string_view key, const std::string& why) const {
  const auto found = table().find(key);
  fail(found == table().end() ? node_.where : found->second.where, path_of(key), why);
}

std::string Section::shown(std::string_view key, const std::string& value) const {
  const auto reference = hidden_.references.find(path_of(key));
  return reference == hidden_.references.end() ? quoted(value) : "a text from " + reference->second;
}

std::string Section::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

}  // namespace runnel::config
