#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace runnel::daemon {

/// What the command line says.
struct Options {
  std::string config = "/etc/runnel/runneld.toml";  // a path; "-": standard input
  bool foreground = false;
  bool check = false;
  std::optional<std::string> against;  // with check: the configuration that runs
  bool dump_config = false;
  bool demo = false;
  bool version = false;
  bool help = false;
  std::vector<std::string> sets;  // KEY=VALUE, in order
};

/// A command line that cannot be used: one sentence that says what, why, and what to do.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;

  static constexpr int exit_code = 64;  // EX_USAGE of sysexits(3)
};

/// Reads the arguments (without the program's name). `runnel_config` is $RUNNEL_CONFIG, or null if it is not
/// set. --help stands before every error. Errors: UsageError.
Options parse_options(const std::vector<std::string>& arguments, const char* runnel_config);

/// The text of --help.
std::string help();

}  // namespace runnel::daemon
