#include "descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace runnel::daemon {
namespace {

// As counted in /proc/self/fd, rounded up. The process alone has 8: the standard streams, the loop, signals,
// timers; sd_notify(3) and a reload take some for a moment.
constexpr std::size_t process = 16;
// A flow has 12 with one broker, and 3 more for each other one: a socket, and a pipe that wakes its thread.
// For a moment the ledger is open twice, a directory while it is synced, and up to 4 files that are cut.
constexpr std::size_t a_flow = 24;
// 6 with one broker, and as many more for each other one.
constexpr std::size_t a_producer = 16;

}  // namespace

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  rlimit raised = limit;
  raised.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return static_cast<std::size_t>(limit.rlim_cur);
}

Shares share(std::size_t limit, const Wanting& wanting) {
  const auto reserve = process + wanting.flows * a_flow + wanting.producers * a_producer;
  const auto sinks = std::max<std::size_t>(wanting.file_sinks, 1);
  const auto kept = std::max(reserve, limit / 4);
  Shares result;
  result.needed = reserve + wanting.file_sinks;
  result.enough = limit >= result.needed;
  if (limit > kept) result.files_each = std::max<std::size_t>((limit - kept) / sinks, 1);
  return result;
}

}  // namespace runnel::daemon
