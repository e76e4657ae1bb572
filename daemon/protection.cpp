#include "protection.hpp"

#include <runnel/format/template.hpp>

#include <fmt/core.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace runnel::daemon {
namespace {

namespace fs = std::filesystem;

// What ProtectHome=yes empties.
bool is_home(const std::string& directory) {
  constexpr std::array<std::string_view, 3> homes{"/home", "/root", "/run/user"};
  return std::ranges::any_of(homes, [&](std::string_view home) {
    return directory == home || directory.starts_with(std::string(home) + '/');
  });
}

}  // namespace

std::optional<std::string> service_of_cgroups(std::string_view text) {
  constexpr std::string_view suffix = ".service";
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto unit = line.substr(line.rfind('/') + 1);
    const bool of_a_user = line.find("/user.slice/") != line.npos;
    if (unit.ends_with(suffix) && !of_a_user) return std::string(unit.substr(0, unit.size() - suffix.size()));
  }
  return std::nullopt;
}

std::optional<Forbidden> find_forbidden(const std::string& path) {
  const auto file = format::Template(path, format::Use::path).resolved();
  fs::path known = file.beginning();
  Forbidden result;
  result.directory = known.parent_path();
  if (!file.is_constant()) known = known.parent_path();
  while (::access(known.c_str(), F_OK) != 0 && known.has_relative_path()) {
    if (errno == EACCES) break;  // hidden, not missing
    known = known.parent_path();
  }
  result.existing = known;
  if (::access(known.c_str(), W_OK) == 0) return std::nullopt;
  result.error = errno;
  struct statvfs system {};  // who may not write there at all is not told that nobody may
  if (::statvfs(known.c_str(), &system) == 0 && (system.f_flag & ST_RDONLY) != 0) result.error = EROFS;
  return result;
}

std::string refusal_of(const Forbidden& place, const std::string& key, const std::string& unit,
                       const std::string& user) {
  const auto& [directory, existing, error] = place;
  const auto what =
      fmt::format("{}: {} cannot be written ({}: {})", key, directory, existing, std::strerror(error));
  const auto edit = fmt::format("`systemctl edit {}`", unit);
  const auto make = fmt::format("`install -d -o {} {}`", user, directory);
  if (is_home(directory))
    return fmt::format(
        "{}: the unit hides home directories (ProtectHome=); take another path, or run {} and add under "
        "[Service] the two lines ProtectHome=no and ReadWritePaths={}, and restart",
        what, edit, directory);
  if (error == EROFS)
    return fmt::format(
        "{}: the unit lets the service write to its own directories only (ProtectSystem=strict); make it "
        "with "
        "{}, run {} and add under [Service] the line ReadWritePaths={}, and restart",
        what, make, edit, directory);
  return fmt::format("{}: it is not the service's user's; give it to that with {}", what, make);
}

}  // namespace runnel::daemon
