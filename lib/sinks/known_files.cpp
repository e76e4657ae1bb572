#include "known_files.hpp"

#include <algorithm>

namespace runnel::sinks {

const KnownFiles::File* KnownFiles::find(const std::string& path) const {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? nullptr : &*found->second;
}

KnownFiles::File& KnownFiles::use(const std::string& path) {
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) {
    files_.emplace_front().path = path;
    by_path_[path] = files_.begin();
  } else {
    files_.splice(files_.begin(), files_, found->second);
  }
  files_.front().used = checkpoints_;
  return files_.front();
}

std::vector<std::string> KnownFiles::checkpoint(unsigned idle) {
  ++checkpoints_;
  std::vector<std::string> forgotten;
  for (; !files_.empty() && files_.back().used + idle < checkpoints_; files_.pop_back()) {
    by_path_.erase(files_.back().path);
    forgotten.push_back(std::move(files_.back().path));
  }
  return forgotten;
}

void KnownFiles::forget_of(const std::set<delivery::Partition>& writers) {
  std::erase_if(files_, [&](const File& file) {
    if (!std::ranges::includes(writers, file.writers)) return false;
    by_path_.erase(file.path);
    return true;
  });
}

}  // namespace runnel::sinks
