#pragma once

#include "chunk.hpp"
#include "errands.hpp"
#include "format_options.hpp"
#include "known_files.hpp"

#include <runnel/disk/output_files.hpp>
#include <runnel/format/template.hpp>
#include <runnel/sinks/registry.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace runnel::sinks {

struct FileOptions final : FormatOptions {
  std::string path;
  config::Mode mode{0640};

  std::vector<config::Field> fields() override;

  /// Whether partitions write into the same file.
  bool shares_files() const;
};

/// Appends records to files, so that what a checkpoint counts is exactly what was delivered.
///
/// Unannounced: the batch would write into files that nobody has remembered yet, with the length that each
/// has; given again, it is taken that all of them are. Delivered: every byte is written. Durable, with its
/// length known: after the next prepare(), whose extents are the files changed since the prepare() before, as
/// long as they were after the last whole batch. A batch that was given up is taken back: before anything
/// else is written, its files are cut to where it began. Outcomes: failed for what the file system refuses
/// (no room, no right, not a regular file); the same batch then goes on at the very byte. Unsure when a sync
/// has failed, once, whichever call is told: the file is closed, and only when all are given up and cut it is
/// known again what they hold. Errors: Broken when another process writes the file (75). A file is locked
/// from take() on, if its path is told without a record (no time in it), else from its first record on. A
/// file that was moved or removed by somebody is left to him, and its path made anew with the next batch.
class FileSink final : public flow::Sink {
 public:
  /// A path with a time in it leaves its files behind; each is closed, and reported as that, after `idle`
  /// checkpoints without a record.
  FileSink(const FileOptions& options, const Context& context, disk::Disk& disk, unsigned idle = 300);

  async::awaitable<flow::Delivered> take(std::span<const delivery::Partition> partitions,
                                         flow::Hurry& hurry) override;
  async::awaitable<flow::Delivered> deliver(const delivery::Batch& batch, flow::Hurry& hurry) override;
  async::awaitable<flow::Delivered> prepare(flow::Hurry& hurry) override;
  async::awaitable<flow::Delivered> give_up(std::span<const delivery::Partition> partitions,
                                            flow::Hurry& hurry) override;
  async::awaitable<void> stop(flow::Hurry& hurry) override;

 private:
  using Records = std::span<const delivery::Record>;

  // What of the batch goes into one file.
  struct Part {
    std::string path;
    std::vector<Records> runs;
    std::set<delivery::Partition> partitions;
    std::size_t next = 0;  // of runs
    bool begun = false;
    std::uint64_t before = 0, after = 0;  // the length of the file
  };

  template <class Work>
  async::awaitable<flow::Delivered> run(Work work, flow::Hurry& hurry);

  // On the sink's thread:
  flow::Delivered lock(const std::set<delivery::Partition>& partitions);
  flow::Delivered write_batch();
  void plan();
  void add(Part& part, Records run);
  bool write_part(Part& part);
  flow::Delivered unannounced();
  bool knows(const disk::OutputFile& file) const;
  void learn(const disk::OutputFile& file);
  void take_back();
  void sync_files();
  flow::Delivered sync();
  flow::Delivered let_go(const std::set<delivery::Partition>& partitions);

  // On the loop:
  void count_batch();

  std::string path_of(const delivery::Partition& partition, std::chrono::sys_seconds time) const;
  std::chrono::sys_seconds second(const delivery::Record& record) const;

  const std::string area_;  // for the log
  flow::Clock& clock_;
  const format::Template path_;
  const bool by_time_;  // the path depends on the record's timestamp
  const unsigned idle_;
  Descriptors* const descriptors_;
  disk::OutputFiles files_;
  delivery::Batch batch_;                        // being written, or given up
  std::chrono::system_clock::time_point given_;  // when: the time of a record that has none
  bool planned_ = false;                         // parts_ are of batch_
  std::vector<Part> parts_;
  std::size_t at_ = 0;       // of parts_
  bool taken_back_ = false;  // something was, and that is not durable yet
  Chunk chunk_;
  KnownFiles known_;
  std::vector<std::string> asked_;  // to be announced; they are when the same batch comes again
  std::map<std::string, delivery::Extent> changed_;  // since the last prepare()
  std::string unsure_;                               // why a sync failed that nobody knows of yet
  Errands errands_;
};

Kind file_sink();

}  // namespace runnel::sinks
