#include "file.hpp"

#include "answers.hpp"
#include "attempt.hpp"

#include <runnel/telemetry/log.hpp>

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace runnel::sinks {
namespace {

using delivery::Extent;
using delivery::Partition;
using delivery::Record;

bool all_in(const auto& partitions, const std::set<Partition>& gone) {
  return std::ranges::all_of(partitions, [&](const Partition& each) { return gone.contains(each); });
}

void merge(std::vector<Partition>& into, const std::set<Partition>& more) {
  std::set<Partition> all(more);
  all.insert(into.begin(), into.end());
  into.assign(all.begin(), all.end());
}

std::unique_ptr<config::SinkOptions> options() {
  return std::make_unique<FileOptions>();
}

Made make(const config::SinkOptions& given, const Context& context) {
  const auto& chosen = static_cast<const FileOptions&>(given);
  return {.sink = std::make_unique<FileSink>(chosen, context, disk::real_disk()),
          .wants_headers = format::make_formatter(chosen.chosen())->wants_headers(),
          .keeps_files = true,
          .shares_files = chosen.shares_files()};
}

}  // namespace

std::vector<config::Field> FileOptions::fields() {
  std::vector<config::Field> fields;
  fields.push_back({.key = "path",
                    .target = &path,
                    .doc = "The file to append to: {topic}, {partition}, {hostname}, and {time:...} or "
                           "{utc:...} with a strftime(3) pattern, of the record's timestamp. A regular file, "
                           "not a symbolic link; directories are made as needed.",
                    .required = true,
                    .template_for = format::Use::path});
  fields.push_back({.key = "mode",
                    .target = &mode,
                    .doc =
                        "Permissions of a new file, less the umask; a new directory also gets x where this "
                        "has r."});
  add_fields(fields);
  return fields;
}

bool FileOptions::shares_files() const {
  return !format::Template(path, format::Use::path).uses_partition();
}

FileSink::FileSink(const FileOptions& options, const Context& context, disk::Disk& disk, unsigned idle)
    : area_("sink " + context.name),
      clock_(context.clock),
      path_(format::Template(options.path, format::Use::path).resolved()),
      by_time_(path_.uses_time()),
      idle_(idle),
      descriptors_(context.descriptors),
      files_(disk, {.mode = options.mode.bits}),
      chunk_(format::make_formatter(options.chosen())),
      errands_(context.loop, context.clock, context.errands, context.descriptors,
               [this] { files_.spare(); }) {}

// A sync may fail when nobody waits for its call any more; then the next call that ends in time tells it.
template <class Work>
async::awaitable<flow::Delivered> FileSink::run(Work work, flow::Hurry& hurry) {
  if (descriptors_ != nullptr && !errands_.busy()) files_.share(descriptors_->files_each());
  auto call = attempt([this, work = std::move(work)] {
    try {
      return work();
    } catch (const disk::SyncFailed& error) {
      unsure_ = error.what();
      throw;
    }
  });
  auto result = co_await errands_.run(std::move(call), hurry);
  if (result.outcome == flow::Outcome::late || unsure_.empty()) co_return result;
  result = {flow::Outcome::unsure, std::exchange(unsure_, {})};
  co_return result;
}

async::awaitable<flow::Delivered> FileSink::take(std::span<const Partition> partitions, flow::Hurry& hurry) {
  if (by_time_) co_return flow::Delivered();
  std::set<Partition> ours(partitions.begin(), partitions.end());
  auto call = [this, ours = std::move(ours)] { return lock(ours); };
  auto result = co_await run(std::move(call), hurry);
  co_return result;
}

async::awaitable<flow::Delivered> FileSink::deliver(const delivery::Batch& batch, flow::Hurry& hurry) {
  const bool free = co_await errands_.idle(hurry);
  if (!free) co_return late();
  if (!same(batch, batch_)) {
    batch_ = batch;
    given_ = clock_.wall();
    planned_ = false;
    asked_.clear();
  }
  auto call = [this] { return write_batch(); };
  auto result = co_await run(std::move(call), hurry);
  if (result.outcome == flow::Outcome::done) count_batch();
  co_return result;
}

async::awaitable<flow::Delivered> FileSink::prepare(flow::Hurry& hurry) {
  auto call = [this] { return sync(); };
  auto result = co_await run(std::move(call), hurry);
  if (result.outcome != flow::Outcome::done) co_return result;
  for (auto& [path, extent] : std::exchange(changed_, {})) result.extents.push_back(std::move(extent));
  co_return result;
}

async::awaitable<flow::Delivered> FileSink::give_up(std::span<const Partition> partitions,
                                                    flow::Hurry& hurry) {
  std::set<Partition> gone(partitions.begin(), partitions.end());
  auto call = [this, gone = std::move(gone)] { return let_go(gone); };
  auto result = co_await run(std::move(call), hurry);
  co_return result;
}

async::awaitable<void> FileSink::stop(flow::Hurry& hurry) {
  auto call = attempt([this] {
    take_back();
    files_.close_if([](const disk::OutputFile&) { return true; });
    return flow::Delivered();
  });
  std::ignore = co_await errands_.run(std::move(call), hurry);
}

flow::Delivered FileSink::lock(const std::set<Partition>& partitions) {
  for (const auto& partition : partitions)
    if (auto* file = files_.open_if_there(path_of(partition, {}))) file->writers.insert(partition);
  return {};
}

flow::Delivered FileSink::write_batch() {
  if (!planned_) plan();
  for (const auto& path : std::exchange(asked_, {})) learn(files_.open(path));
  for (; at_ < parts_.size(); ++at_) {
    const bool announced = write_part(parts_[at_]);
    if (!announced) return unannounced();
    if (errands_.given_up()) return late();
  }
  return {};
}

// One part for each file, so that a batch costs a file one write, however its partitions are interleaved.
void FileSink::plan() {
  take_back();
  std::map<std::pair<const Partition*, std::chrono::sys_seconds>, std::size_t> seen;
  std::unordered_map<std::string, std::size_t> part_of;
  for (Records rest = batch_.records; !rest.empty();) {
    const std::pair of(rest.front().partition, second(rest.front()));
    const auto differs = [&](const Record& record) {
      return std::pair(record.partition, second(record)) != of;
    };
    const auto run = rest.first(static_cast<std::size_t>(std::ranges::find_if(rest, differs) - rest.begin()));
    auto [known, fresh] = seen.try_emplace(of);
    if (fresh) {
      const auto path = path_of(*of.first, of.second);
      known->second = part_of.try_emplace(path, parts_.size()).first->second;
      if (known->second == parts_.size()) parts_.emplace_back().path = path;
    }
    add(parts_[known->second], run);
    rest = rest.subspan(run.size());
  }
  planned_ = true;
}

void FileSink::add(Part& part, Records run) {
  part.partitions.insert(*run.front().partition);
  if (!part.runs.empty() && part.runs.back().data() + part.runs.back().size() == run.data()) {
    part.runs.back() = {part.runs.back().data(), part.runs.back().size() + run.size()};
  } else {
    part.runs.push_back(run);
  }
}

// All files of what is left of the batch at once, for to remember them costs a sync.
flow::Delivered FileSink::unannounced() {
  flow::Delivered result{flow::Outcome::unannounced};
  std::vector<std::string> asked;  // only once this is answered: amid it a file may refuse to be opened
  for (auto part = parts_.begin() + static_cast<std::ptrdiff_t>(at_); part != parts_.end(); ++part) {
    const auto& file = files_.open(part->path);
    if (part->begun || knows(file)) continue;
    known_.use(part->path);  // it is open, if it is never written either
    result.extents.push_back({part->path, file.length, {part->partitions.begin(), part->partitions.end()}});
    asked.push_back(part->path);
  }
  asked_ = std::move(asked);
  return result;
}

bool FileSink::knows(const disk::OutputFile& file) const {
  const auto* left = known_.find(file.path);
  return left != nullptr && left->device == file.device && left->inode == file.inode &&
         left->length == file.length;
}

void FileSink::learn(const disk::OutputFile& file) {
  auto& left = known_.use(file.path);
  left.device = file.device;
  left.inode = file.inode;
  left.length = file.length;
  left.writers.clear();
}

// False: its file must be announced first. Throws where the disk does; called again it goes on at the very
// byte.
bool FileSink::write_part(Part& part) {
  auto* file = part.begun ? files_.find(part.path) : nullptr;  // amid a line it must be the same file
  if (file == nullptr) file = &files_.open(part.path);
  if (!part.begun) {
    if (!knows(*file)) return false;
    part.begun = true;
    part.before = file->length;
  }
  file->writers.insert(part.partitions.begin(), part.partitions.end());
  auto& left = known_.use(part.path);
  left.writers.insert(part.partitions.begin(), part.partitions.end());
  while (!errands_.given_up()) {
    while (!chunk_.full() && part.next < part.runs.size()) {
      auto& run = part.runs[part.next];
      chunk_.fill(run);
      if (run.empty()) ++part.next;
    }
    if (chunk_.empty()) break;
    chunk_.wrote(files_.write(*file, chunk_.rest()));
    left.length = file->length;
  }
  part.after = file->length;
  return true;
}

// The batch was given up: its records come again, or not at all. So none of its bytes may stay, were they
// even a whole number of lines. They are in no checkpoint, for they were never counted.
void FileSink::take_back() {
  chunk_.drop();
  planned_ = false;
  for (auto& part : parts_) {
    if (part.begun && files_.truncate(part.path, part.before)) {
      known_.use(part.path).length = part.before;
      taken_back_ = true;
    }
    part.begun = false;
  }
  parts_.clear();
  at_ = 0;
}

void FileSink::sync_files() {
  files_.sync();
  taken_back_ = false;
}

flow::Delivered FileSink::sync() {
  sync_files();
  flow::Delivered result;
  if (!by_time_ || !parts_.empty()) return result;  // amid a batch a file may be longer than it counts
  result.closed = known_.checkpoint(idle_);
  for (const auto& path : result.closed) files_.close(path);
  return result;
}

flow::Delivered FileSink::let_go(const std::set<Partition>& partitions) {
  take_back();
  if (taken_back_) sync_files();  // nobody else would, and the power may bring back what was cut
  const auto theirs = [&](const disk::OutputFile& file) { return all_in(file.writers, partitions); };
  files_.close_if(theirs);
  known_.forget_of(partitions);
  std::erase_if(changed_, [&](const auto& each) { return all_in(each.second.partitions, partitions); });
  return {};
}

void FileSink::count_batch() {
  for (const auto& part : parts_) {
    auto& extent = changed_[part.path];
    extent.file = part.path;
    extent.length = part.after;
    merge(extent.partitions, part.partitions);
  }
  parts_.clear();
  at_ = 0;
  batch_ = {};
}

std::string FileSink::path_of(const Partition& partition, std::chrono::sys_seconds time) const {
  format::Values values;
  values.time = time;
  values.topic = partition.topic;
  values.partition = partition.number;
  return path_.render(values);
}

// The same for all records when the path does not depend on it.
std::chrono::sys_seconds FileSink::second(const Record& record) const {
  using std::chrono::floor, std::chrono::seconds;
  if (!by_time_) return {};
  if (record.timestamp_ms < 0) return floor<seconds>(given_);
  return std::chrono::sys_seconds(floor<seconds>(std::chrono::milliseconds(record.timestamp_ms)));
}

Kind file_sink() {
  return {{"file", "Appends records to files.", options}, make, true};
}

}  // namespace runnel::sinks
