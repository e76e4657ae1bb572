#pragma once

#include <runnel/delivery/record.hpp>

#include <sys/types.h>

#include <cstdint>
#include <list>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace runnel::sinks {

/// The files that a sink has announced, open or not, each as it was left: what looks otherwise when it is
/// written again is another one. All but forget_of() cost the same however many there are.
class KnownFiles {
 public:
  struct File {
    std::string path;
    dev_t device = 0;
    ino_t inode = 0;
    std::uint64_t length = 0;  // bytes
    std::set<delivery::Partition> writers = {};
    std::uint64_t used = 0;  // last, after so many checkpoints
  };

  /// nullptr: there is none.
  const File* find(const std::string& path) const;

  /// As find(), but a new one, which looks like no file, is made; and it is used now.
  File& use(const std::string& path);

  /// A checkpoint is over. Forgets the files that were not used for more than so many, and says which.
  std::vector<std::string> checkpoint(unsigned idle);

  /// Forgets the files that nobody else writes.
  void forget_of(const std::set<delivery::Partition>& writers);

 private:
  std::list<File> files_;  // the one used last comes first
  std::unordered_map<std::string, std::list<File>::iterator> by_path_;
  std::uint64_t checkpoints_ = 0;
};

}  // namespace runnel::sinks
