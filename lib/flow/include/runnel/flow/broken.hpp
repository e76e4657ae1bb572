#pragma once

#include <stdexcept>
#include <string>

namespace runnel::flow {

/// The world is broken in a way that no retry mends: the process ends with this sentence and this exit code
/// (sysexits(3): 75 a lock is held, 70 internal, 78 configuration).
class Broken : public std::runtime_error {
 public:
  Broken(const std::string& sentence, int code) : std::runtime_error(sentence), exit_code(code) {}

  int exit_code;
};

}  // namespace runnel::flow
