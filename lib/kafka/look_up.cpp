#include "look_up.hpp"

#include <fmt/core.h>

#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

namespace runnel::kafka {
namespace {

using delivery::Partition;

constexpr int timeout_ms = 10'000;

[[noreturn]] void fail(std::string_view what, rd_kafka_resp_err_t error) {
  throw std::runtime_error(
      fmt::format("{}: {} ({})", what, rd_kafka_err2str(error), rd_kafka_err2name(error)));
}

void add_siblings(rd_kafka_t* handle, const std::string& topic, std::set<Partition>& partitions) {
  struct Topic {
    rd_kafka_topic_t* object;
    ~Topic() { rd_kafka_topic_destroy(object); }
  } local{rd_kafka_topic_new(handle, topic.c_str(), nullptr)};
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error = rd_kafka_metadata(handle, 0, local.object, &metadata, timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail("cannot read the partitions of topic " + topic, error);
  for (int i = 0; i < metadata->topics[0].partition_cnt; ++i)
    partitions.insert({topic, metadata->topics[0].partitions[i].id});
  rd_kafka_metadata_destroy(metadata);
}

PartitionList make_list(const std::set<Partition>& partitions, std::int64_t offset) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const auto& partition : partitions)
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.number)->offset = offset;
  return list;
}

void check_each(std::string_view what, const rd_kafka_topic_partition_list_t& list) {
  for (int i = 0; i < list.cnt; ++i) {
    const auto& entry = list.elems[i];
    if (entry.err != RD_KAFKA_RESP_ERR_NO_ERROR)
      fail(fmt::format("{} of {} [{}]", what, entry.topic, entry.partition), entry.err);
  }
}

PartitionList log_end(rd_kafka_t* handle, const std::set<Partition>& partitions, std::int64_t which) {
  auto list = make_list(partitions, which);
  const auto error = rd_kafka_offsets_for_times(handle, list.get(), timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail("cannot read the ends of the log", error);
  check_each("cannot read the ends of the log", *list);
  return list;
}

}  // namespace

std::vector<delivery::Known> look_up(rd_kafka_t* handle, const std::vector<Partition>& partitions,
                                     bool siblings) {
  std::set<Partition> asked(partitions.begin(), partitions.end());
  if (siblings) {
    std::set<std::string> topics;
    for (const auto& partition : partitions) topics.insert(partition.topic);
    for (const auto& topic : topics) add_siblings(handle, topic, asked);
  }
  if (asked.empty()) return {};

  // The end that a group without a position begins at is read before it is known that it has none: so it
  // never lies behind the first position that another member commits meanwhile.
  const auto end_before = log_end(handle, asked, RD_KAFKA_OFFSET_END);
  auto committed = make_list(asked, RD_KAFKA_OFFSET_INVALID);
  const auto error = rd_kafka_committed(handle, committed.get(), timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail("cannot read the committed offsets", error);
  check_each("cannot read the committed offset", *committed);
  const auto low = log_end(handle, asked, RD_KAFKA_OFFSET_BEGINNING);
  const auto high = log_end(handle, asked, RD_KAFKA_OFFSET_END);

  std::vector<delivery::Known> result;
  for (int i = 0; i < committed->cnt; ++i) {  // all lists are in the order of `asked`
    const auto& entry = committed->elems[i];
    auto& known = result.emplace_back();
    known.partition = {entry.topic, entry.partition};
    if (entry.offset >= 0) known.committed = entry.offset;
    if (entry.metadata != nullptr)
      known.metadata.assign(static_cast<const char*>(entry.metadata), entry.metadata_size);
    known.low = low->elems[i].offset;
    known.high = (known.committed ? high : end_before)->elems[i].offset;
  }
  return result;
}

}  // namespace runnel::kafka
