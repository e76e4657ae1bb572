#include "state_directory.hpp"

#include <unistd.h>

#include <cstdlib>

namespace runnel::daemon {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

std::string state_directory(const std::string& configured) {
  if (!configured.empty()) return configured;
  const auto of_service = variable("STATE_DIRECTORY");
  if (!of_service.empty()) return of_service.substr(0, of_service.find(':'));
  const auto of_user = variable("XDG_STATE_HOME");
  if (of_user.starts_with('/')) return of_user + "/runnel";  // XDG: one that is relative is to be ignored
  const auto home = variable("HOME");
  if (::geteuid() != 0 && !home.empty()) return home + "/.local/state/runnel";
  return "/var/lib/runnel";
}

}  // namespace runnel::daemon
