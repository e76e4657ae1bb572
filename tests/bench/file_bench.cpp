// What a checkpoint costs the file sink, with so many files open of which so many get a record: all but the
// disk, whose calls do nothing here, so that no descriptor is needed.
#include "sinks/file.hpp"
#include "support/records.hpp"
#include "support/run.hpp"

#include <benchmark/benchmark.h>
#include <fcntl.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

namespace runnel::sinks {
namespace {

/// Knows how long each file is, as the sink asks. A descriptor is the number of its file.
class NoDisk final : public disk::RealDisk {
 public:
  int open(const char* path, int flags, mode_t) override {
    if ((flags & O_ACCMODE) == O_RDONLY) return directory;
    const auto [found, fresh] = numbers_.try_emplace(path, static_cast<int>(lengths_.size()));
    if (fresh) lengths_.push_back(0);
    return found->second;
  }
  int close(int) override { return 0; }
  ssize_t write(int fd, const void*, std::size_t size) override {
    lengths_[static_cast<std::size_t>(fd)] += static_cast<off_t>(size);
    return static_cast<ssize_t>(size);
  }
  int fdatasync(int) override { return ++syncs, 0; }
  int fsync(int) override { return 0; }
  int flock(int, int) override { return 0; }
  int mkdir(const char*, mode_t) override { return 0; }
  int fstat(int fd, struct stat* status) override {
    *status = {};
    status->st_mode = S_IFREG;
    status->st_nlink = 1;
    status->st_ino = static_cast<ino_t>(fd) + 1;
    status->st_size = lengths_[static_cast<std::size_t>(fd)];
    return 0;
  }
  int stat(const char* path, struct stat* status) override {
    const auto found = numbers_.find(path);
    if (found != numbers_.end()) return fstat(found->second, status);
    errno = ENOENT;
    return -1;
  }

  std::uint64_t syncs = 0;

 private:
  static constexpr int directory = 1 << 30;

  std::unordered_map<std::string, int> numbers_;
  std::vector<off_t> lengths_;
};

class Checkpoints {
 public:
  Checkpoints() {
    FileOptions options;
    options.path = "/{topic}-{partition}-{utc:%H}";  // one with a time in it also looks for idle files
    descriptors_.share(1'000'000);
    const Context context{"files", "flow", loop_.get_executor(), clock_, loop_.get_executor(), &descriptors_};
    sink_.emplace(options, context, disk_, 1'000'000'000);
  }

  /// A record for each of so many files, and what is said of them.
  std::size_t one(int changed) {
    for (int i = 0; i < changed; ++i) records_.in("howtousekafka", i).add("value", std::nullopt, 0);
    const auto batch = records_.take();
    flow::Hurry patient;
    auto outcome = tests::run(loop_, sink_->deliver(batch, patient)).outcome;
    if (outcome == flow::Outcome::unannounced)
      outcome = tests::run(loop_, sink_->deliver(batch, patient)).outcome;
    if (outcome != flow::Outcome::done) throw std::runtime_error("not delivered");
    return tests::run(loop_, sink_->prepare(patient)).extents.size();
  }

  std::uint64_t syncs() const { return disk_.syncs; }

 private:
  NoDisk disk_;
  async::asio::io_context loop_;
  flow::RealClock clock_;
  tests::Records records_;
  Descriptors descriptors_;
  std::optional<FileSink> sink_;
};

void file_checkpoint(benchmark::State& state) {
  const auto [open, changed] = std::pair(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  Checkpoints checkpoints;
  checkpoints.one(open);
  std::size_t extents = 0;
  const auto before = checkpoints.syncs();
  for (auto _ : state) extents += checkpoints.one(changed);
  if (extents != checkpoints.syncs() - before) state.SkipWithError("not each changed file was synced, once");
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(file_checkpoint)
    ->ArgNames({"open", "changed"})
    ->Args({10, 10})
    ->Args({10'000, 10})
    ->Args({10'000, 10'000});

}  // namespace
}  // namespace runnel::sinks
