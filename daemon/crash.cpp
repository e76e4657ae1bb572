#include "crash.hpp"

#include <runnel/telemetry/log.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace runnel::daemon {
namespace {

// The C++ library's own handler prints what() as it stands.
[[noreturn]] void crash() {
  std::string why = "no exception";
  try {
    if (const auto thrown = std::current_exception()) std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    why = error.what();
  } catch (...) {
    why = "an exception of an unknown kind";
  }
  std::fprintf(stderr, "runneld: it crashes: %s; please report it\n", telemetry::presentable(why).c_str());
  std::abort();
}

}  // namespace

void say_why_it_crashes() {
  std::set_terminate(crash);
}

}  // namespace runnel::daemon
