#pragma once

#include <cstddef>

// File descriptors: how many the process may have, and how many of them may be files of sinks.
namespace runnel::daemon {

/// Raises the soft limit to the hard one, which needs no privilege (getrlimit(2)); the soft one is low for
/// the sake of select(2), which nothing here calls. Returns the limit as it is then.
std::size_t raise_descriptor_limit();

/// What wants descriptors.
struct Wanting {
  std::size_t flows = 0;
  std::size_t producers = 0;
  std::size_t file_sinks = 0;  // each time that a flow has one
};

struct Shares {
  std::size_t files_each = 1;  // of a file sink, at least 1
  std::size_t needed = 0;      // with one file for each file sink
  bool enough = true;          // so many there are
};

/// What is left of the limit is for files, in equal shares. It is left when all else has what it takes, and
/// never more than three quarters: a cluster of many brokers takes more sockets than anybody can tell
/// beforehand.
Shares share(std::size_t limit, const Wanting& wanting);

}  // namespace runnel::daemon
