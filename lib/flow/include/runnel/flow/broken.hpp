#pragma once

#include <stdexcept>
#include <string>

namespace runnel::flow {

/// What the process ends with, from sysexits(3).
enum ExitCode : int {
  exit_unavailable = 69,    // a drain that could not deliver in its deadline
  exit_internal = 70,       // nothing that the operator did
  exit_lock_held = 75,      // another process has it
  exit_configuration = 78,  // a restart will not help
};

/// The world is broken in a way that no retry mends: the process ends with this sentence and this exit code.
class Broken : public std::runtime_error {
 public:
  Broken(const std::string& sentence, ExitCode code) : std::runtime_error(sentence), exit_code(code) {}

  ExitCode exit_code;
};

}  // namespace runnel::flow
