#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace runnel::daemon {

/// The system service that /proc/self/cgroup names, without ".service". libsystemd's own answer needs the
/// /proc of process 1, which the unit hides (ProtectProc=).
std::optional<std::string> service_of_cgroups(std::string_view text);

/// Why nothing can be written at a place.
struct Forbidden {
  std::string directory;  // that what is written is to lie in
  std::string existing;   // the deepest part of it that there is
  int error = 0;          // of errno: what is said there to whoever wants to write
  bool operator==(const Forbidden&) const = default;
};

/// Whether a path template can be written, as far as it is known before a record comes: up to its first
/// placeholder. No result: nothing forbids it.
std::optional<Forbidden> find_forbidden(const std::string& path);

/// The sentence that refuses it: what, where, why, and which line to add to the unit. `key` as in
/// "sink.files.path".
std::string refusal_of(const Forbidden& place, const std::string& key, const std::string& unit,
                       const std::string& user);

}  // namespace runnel::daemon
