#include <runnel/format/nearest.hpp>
#include <runnel/format/template.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace runnel::format {
namespace {

constexpr std::array<std::string_view, 5> in_heartbeats{"seq", "time", "utc", "hostname", "name"};
constexpr std::array<std::string_view, 5> in_paths{"topic", "partition", "time", "utc", "hostname"};
constexpr std::size_t longest_in_path = 200;

std::span<const std::string_view> known(Use use) {
  return use == Use::path ? std::span(in_paths) : std::span(in_heartbeats);
}

// <cctype> asks the locale.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_in_name(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
}
bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

const std::string& hostname() {
  static const std::string name = [] {
    std::array<char, 256> buffer{};
    return ::gethostname(buffer.data(), buffer.size() - 1) == 0 ? std::string(buffer.data())
                                                                : std::string("localhost");
  }();
  return name;
}

/// What strftime(3) does not know it copies as it stands, so a slip would only show in the output.
void check_pattern(std::string_view pattern, const std::string& shown) {
  constexpr std::string_view flags = "_-0^#";
  constexpr std::string_view conversions = "aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ%";
  for (std::size_t at = pattern.find('%'); at < pattern.size(); at = pattern.find('%', at + 1)) {
    const auto begin = at++;
    while (at < pattern.size() && flags.find(pattern[at]) != flags.npos) ++at;
    if (at < pattern.size() && (pattern[at] == 'E' || pattern[at] == 'O')) ++at;
    if (at < pattern.size() && conversions.find(pattern[at]) != conversions.npos) continue;
    throw TemplateError(shown + ": strftime(3) knows no " +
                        std::string(pattern.substr(begin, at + 1 - begin)) + "; a literal % is written %%");
  }
}

void append_time(const std::tm& time, const std::string& pattern, std::string& out) {
  // strftime returns 0 both for no room and for an empty result, so the pattern ends in a letter of ours.
  const auto marked = pattern + '.';
  const auto begin = out.size();
  for (std::size_t room = 64;; room *= 2) {
    out.resize(begin + room);
    if (const auto written = std::strftime(out.data() + begin, room, marked.c_str(), &time); written > 0) {
      out.resize(begin + written - 1);
      return;
    }
  }
}

void append_local(std::chrono::system_clock::time_point time, const std::string& pattern, std::string& out) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm broken{};
  ::localtime_r(&seconds, &broken);
  append_time(broken, pattern, out);
}

void append_utc(std::chrono::system_clock::time_point time, const std::string& pattern, std::string& out) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm broken{};
  ::gmtime_r(&seconds, &broken);
  append_time(broken, pattern, out);
}

std::string hex(std::uint64_t value) {
  std::string out;
  for (int shift = 60; shift >= 0; shift -= 4) out += "0123456789abcdef"[(value >> shift) & 15U];
  return out;
}

/// Percent-encoded where it would mean something to the file system, so that two topics stay two paths; what
/// is too long ends in a hash of the whole, for the same reason.
void append_safe(std::string_view text, std::string& out) {
  std::string safe;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = text[i];
    const bool dots =
        c == '.' && (text == "." || (i > 0 && text[i - 1] == '.') || text.substr(i + 1, 1) == ".");
    if (c == '/' || c == '%' || is_control(c) || dots) {
      const auto byte = static_cast<unsigned char>(c);
      safe += '%';
      safe += "0123456789ABCDEF"[byte >> 4U];
      safe += "0123456789ABCDEF"[byte & 15U];
    } else {
      safe += c;
    }
  }
  if (safe.size() > longest_in_path) {
    std::uint64_t hash = 14695981039346656037U;  // FNV-1a
    for (const auto c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    safe.resize(longest_in_path - 17);
    safe += '~' + hex(hash);
  }
  out += safe;
}

}  // namespace

Template::Template(std::string_view text, Use use) : use_(use) {
  std::string literal;
  while (!text.empty()) {
    const auto brace = text.find('{');
    literal += text.substr(0, brace);
    text.remove_prefix(std::min(brace, text.size()));
    if (text.size() > 1 && is_letter(text[1])) {
      if (!literal.empty()) parts_.emplace_back(std::exchange(literal, {}));
      text.remove_prefix(parse(text));
    } else if (!text.empty()) {
      literal += '{';
      text.remove_prefix(text.starts_with("{{") ? 2 : 1);
    }
  }
  if (!literal.empty()) parts_.emplace_back(std::move(literal));
}

/// Reads the placeholder that `text` begins with; returns its length.
std::size_t Template::parse(std::string_view text) {
  const auto end_of_name = std::find_if_not(text.begin() + 1, text.end(), is_in_name);
  const auto name = text.substr(1, static_cast<std::size_t>(end_of_name - text.begin() - 1));
  const auto unfinished = [&](const std::string& mend) {
    return TemplateError("the placeholder {" + std::string(name) + " " + mend +
                         "; a { that begins no placeholder is written {{");
  };
  const auto what = find(name);
  if (!what) {
    throw TemplateError("there is no placeholder {" + std::string(name) + "} here" +
                        suggestion(name, known(use_)) + "; a { that begins no placeholder is written {{");
  }
  const auto close = text.find('}');
  if (close == text.npos) throw unfinished("is not finished: it needs a }");
  const auto rest = text.substr(name.size() + 1, close - name.size() - 1);
  const bool timed = *what == What::time || *what == What::utc;
  if (timed && rest.size() < 2)
    throw unfinished("needs a format, as in {" + std::string(name) + ":%Y-%m-%d}");
  if (timed ? rest.front() != ':' : !rest.empty()) {
    throw unfinished("is followed by \"" + std::string(rest) + "\": it needs a }");
  }
  if (timed) check_pattern(rest.substr(1), std::string(text.substr(0, close + 1)));
  parts_.emplace_back(Placeholder{*what, timed ? std::string(rest.substr(1)) : std::string()});
  return close + 1;
}

std::optional<Template::What> Template::find(std::string_view name) const {
  static constexpr std::array<std::pair<std::string_view, What>, 7> names{{{"seq", What::seq},
                                                                           {"time", What::time},
                                                                           {"utc", What::utc},
                                                                           {"hostname", What::hostname},
                                                                           {"name", What::name},
                                                                           {"topic", What::topic},
                                                                           {"partition", What::partition}}};
  if (std::ranges::find(known(use_), name) == known(use_).end()) return std::nullopt;
  return std::ranges::find(names, name, &std::pair<std::string_view, What>::first)->second;
}

void Template::render(const Values& values, std::string& out) const {
  for (const auto& part : parts_) {
    if (const auto* literal = std::get_if<std::string>(&part)) {
      out += *literal;
      continue;
    }
    const auto& placeholder = std::get<Placeholder>(part);
    switch (placeholder.what) {
      case What::seq:
        out += std::to_string(values.seq);
        break;
      case What::time:
        append_local(values.time, placeholder.pattern, out);
        break;
      case What::utc:
        append_utc(values.time, placeholder.pattern, out);
        break;
      case What::hostname:
        out += hostname();
        break;
      case What::name:
        out += values.name;
        break;
      case What::topic:
        append_safe(values.topic, out);
        break;  // stands in paths only
      case What::partition:
        out += std::to_string(values.partition);
        break;
    }
  }
}

std::string Template::render(const Values& values) const {
  std::string out;
  render(values, out);
  return out;
}

// Between two placeholders all text is one part.
std::string Template::beginning() const {
  const auto* literal = parts_.empty() ? nullptr : std::get_if<std::string>(&parts_.front());
  return literal != nullptr ? *literal : "";
}

Template Template::resolved() const {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto known = fs::current_path(error) / beginning();
  if (error) return *this;
  auto directory = fs::weakly_canonical(known.parent_path(), error);
  if (error) directory = known.parent_path().lexically_normal();
  auto result = *this;
  if (!parts_.empty() && std::holds_alternative<std::string>(parts_.front()))
    result.parts_.erase(result.parts_.begin());
  result.parts_.insert(result.parts_.begin(), (directory / known.filename()).string());
  return result;
}

bool Template::is_constant() const {
  return std::ranges::none_of(parts_,
                              [](const auto& part) { return std::holds_alternative<Placeholder>(part); });
}

bool Template::uses_time() const {
  return uses(What::time) || uses(What::utc);
}

bool Template::uses_partition() const {
  return uses(What::partition);
}

bool Template::uses(What what) const {
  return std::ranges::any_of(parts_, [what](const auto& part) {
    const auto* placeholder = std::get_if<Placeholder>(&part);
    return placeholder != nullptr && placeholder->what == what;
  });
}

}  // namespace runnel::format
