#pragma once

#include <cstddef>
#include <vector>

namespace runnel::sinks {

class Errands;

/// The descriptors of the process, as far as its sinks share them: how many files each may keep open, and who
/// closes some when there is none left. A flow that cannot open its ledger may have no file of its own that
/// it could close, while the sinks of another one, which has nothing to do, keep theirs: so all are asked.
/// Thread: the loop's.
class Descriptors {
 public:
  /// From the next call of each sink on.
  void share(std::size_t files_each) { files_each_ = files_each; }
  std::size_t files_each() const { return files_each_; }

  /// Has all who joined, and have no call under way, close half of the files that they can do without.
  void make_room();

  // As long as they live, which is shorter than this:
  void join(Errands& errands) { joined_.push_back(&errands); }
  void leave(Errands& errands) { std::erase(joined_, &errands); }

 private:
  std::size_t files_each_ = 512;
  std::vector<Errands*> joined_;  // in this order, so that a simulated run is the same each time
};

}  // namespace runnel::sinks
