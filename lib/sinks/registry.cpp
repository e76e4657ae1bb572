#include "file.hpp"
#include "null.hpp"
#include "stdout.hpp"
#include "syslog.hpp"

#include <runnel/sinks/registry.hpp>

#include <array>

namespace runnel::sinks {

std::span<const Kind> registry() {
  static const std::array kinds{
      null_sink(),
      stdout_sink(),
      file_sink(),
      syslog_sink(),
  };
  return kinds;
}

}  // namespace runnel::sinks
