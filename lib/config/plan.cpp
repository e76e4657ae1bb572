#include <runnel/config/plan.hpp>
#include <runnel/format/template.hpp>

#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>
#include <variant>

namespace runnel::config {
namespace {

struct Differences {
  std::vector<std::string> in_place;   // keys that a running part can take
  std::vector<std::string> replacing;  // keys that it cannot

  Planned planned(std::string part) && {
    Planned result{std::move(part), Change::unchanged, std::move(replacing)};
    if (!in_place.empty()) result.change = Change::adjusted;
    if (!result.keys.empty()) result.change = Change::replaced;
    result.keys.insert(result.keys.end(), in_place.begin(), in_place.end());
    return result;
  }
};

bool same(const Field& one, const Field& other) {
  const auto equal = [&](auto* value) { return *value == *std::get<decltype(value)>(other.target); };
  return std::visit(equal, one.target);
}

// Two lists of the same struct: the same fields in the same order.
void compare(const std::vector<Field>& running, const std::vector<Field>& next, const std::string& prefix,
             Differences& differences) {
  for (std::size_t i = 0; i < running.size(); ++i) {
    if (same(running[i], next[i])) continue;
    auto key = prefix + std::string(running[i].key);
    (running[i].in_place ? differences.in_place : differences.replacing).push_back(std::move(key));
  }
}

void compare(const Properties& running, const Properties& next, Differences& differences) {
  std::set<std::string> names;
  for (const auto* each : {&running, &next})
    for (const auto& [name, property] : *each) names.insert(name);
  for (const auto& name : names) {
    const auto before = running.find(name);
    const auto after = next.find(name);
    const bool both = before != running.end() && after != next.end();
    if (both && before->second.value == after->second.value && before->second.stamp == after->second.stamp)
      continue;
    differences.replacing.push_back("kafka." + name);
  }
}

void compare(const Sink& running, const Sink& next, Differences& differences) {
  const auto prefix = "sink." + running.name + '.';
  if (running.type != next.type)
    differences.replacing.push_back(prefix + "type");
  else
    compare(running.options->fields(), next.options->fields(), prefix, differences);
}

// Parts by value: a field list binds variables, not constants.
Planned compare(Producer running, Producer next, const Config&, const Config&) {
  Differences differences;
  compare(running.fields(), next.fields(), "", differences);
  compare(running.kafka, next.kafka, differences);
  return std::move(differences).planned("producer." + running.name);
}

Planned compare(Consumer running, Consumer next, Config running_config, Config next_config) {
  Differences differences;
  compare(running.fields(), next.fields(), "", differences);
  compare(running.checkpoint.fields(), next.checkpoint.fields(), "checkpoint.", differences);
  compare(running.kafka, next.kafka, differences);
  for (const auto& name : running.sinks) {
    const auto before = std::ranges::find(running_config.sinks, name, &Sink::name);
    const auto after = std::ranges::find(next_config.sinks, name, &Sink::name);
    if (after != next_config.sinks.end()) compare(*before, *after, differences);
  }
  Differences of_all;
  compare(running_config.runnel.fields(), next_config.runnel.fields(), "runnel.", of_all);
  std::ranges::move(of_all.replacing, std::back_inserter(differences.replacing));
  return std::move(differences).planned("consumer." + running.name);
}

Planned compare(Runnel running, Runnel next) {
  Differences differences;
  compare(running.fields(), next.fields(), "", differences);
  differences.replacing.clear();  // each consumer's business
  return std::move(differences).planned("runnel");
}

template <class Part>
void plan_parts(const std::vector<Part>& running, const std::vector<Part>& next, const std::string& kind,
                const Config& running_config, const Config& next_config, std::vector<Planned>& plan) {
  for (const auto& part : running) {
    const auto after = std::ranges::find(next, part.name, &Part::name);
    if (after == next.end())
      plan.push_back({kind + part.name, Change::removed});
    else
      plan.push_back(compare(part, *after, running_config, next_config));
  }
  for (const auto& part : next)
    if (std::ranges::find(running, part.name, &Part::name) == running.end())
      plan.push_back({kind + part.name, Change::added});
}

// Of each file that the part may write: what is known of its path.
std::vector<std::string> known_paths(const Config& config, const std::string& part) {
  std::vector<std::string> result;
  for (const auto& consumer : config.consumers) {
    if ("consumer." + consumer.name != part) continue;
    for (const auto& name : consumer.sinks) {
      const auto sink = std::ranges::find(config.sinks, name, &Sink::name);
      for (const auto& field : sink->options->fields()) {
        if (field.template_for != format::Use::path) continue;
        const auto& path = *std::get<std::string*>(field.target);
        result.push_back(format::Template(path, *field.template_for).resolved().beginning());
      }
    }
  }
  return result;
}

const char* word(Change change) {
  switch (change) {
    case Change::unchanged:
      return "unchanged";
    case Change::adjusted:
      return "adjusted in place";
    case Change::replaced:
      return "replaced";
    case Change::added:
      return "added";
    case Change::removed:
      return "removed";
  }
  return "";
}

}  // namespace

std::vector<Planned> plan(const Config& running, const Config& next) {
  std::vector<Planned> result{compare(running.runnel, next.runnel)};
  plan_parts(running.consumers, next.consumers, "consumer.", running, next, result);
  plan_parts(running.producers, next.producers, "producer.", running, next, result);
  return result;
}

bool may_share_a_file(const Config& one, const std::string& part, const Config& other,
                      const std::string& other_part) {
  for (const auto& path : known_paths(one, part))
    for (const auto& other_path : known_paths(other, other_part))
      if (path.starts_with(other_path) || other_path.starts_with(path)) return true;
  return false;
}

std::vector<std::string> to_lines(const std::vector<Planned>& plan) {
  std::vector<std::string> lines;
  std::vector<std::string_view> unchanged;
  for (const auto& [part, change, keys] : plan) {
    if (change == Change::unchanged)
      unchanged.push_back(part);
    else
      lines.push_back(fmt::format("{}: {}{}", part, word(change),
                                  keys.empty() ? "" : fmt::format(" ({})", fmt::join(keys, ", "))));
  }
  if (!unchanged.empty()) lines.push_back(fmt::format("unchanged: {}", fmt::join(unchanged, ", ")));
  return lines;
}

}  // namespace runnel::config
