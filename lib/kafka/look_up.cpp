#include "look_up.hpp"

#include "partition_lists.hpp"

#include <fmt/core.h>

#include <memory>
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

// None when there is no such topic.
std::set<Partition> partitions_of(rd_kafka_t* handle, const std::string& topic) {
  struct Topic {
    rd_kafka_topic_t* object;
    ~Topic() { rd_kafka_topic_destroy(object); }
  } local{rd_kafka_topic_new(handle, topic.c_str(), nullptr)};
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error = rd_kafka_metadata(handle, 0, local.object, &metadata, timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail("cannot read the partitions of topic " + topic, error);
  const std::unique_ptr<const rd_kafka_metadata_t, void (*)(const rd_kafka_metadata_t*)> owner(
      metadata, rd_kafka_metadata_destroy);
  const auto& found = metadata->topics[0];
  if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR && found.err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
    fail("cannot read the partitions of topic " + topic, found.err);
  std::set<Partition> result;
  for (int i = 0; i < found.partition_cnt; ++i) result.insert({topic, found.partitions[i].id});
  return result;
}

std::set<std::string> topics_of(const auto& partitions) {
  std::set<std::string> topics;
  for (const auto& partition : partitions) topics.insert(partition.topic);
  return topics;
}

std::string cluster_of(rd_kafka_t* handle) {
  const std::unique_ptr<char, void (*)(char*)> id(rd_kafka_clusterid(handle, timeout_ms),
                                                  [](char* text) { rd_kafka_mem_free(nullptr, text); });
  if (!id) throw std::runtime_error("no broker has said which cluster it belongs to");
  return id.get();
}

void check_each(std::string_view what, const rd_kafka_topic_partition_list_t& list) {
  for (int i = 0; i < list.cnt; ++i) {
    const auto& entry = list.elems[i];
    if (entry.err != RD_KAFKA_RESP_ERR_NO_ERROR)
      fail(fmt::format("{} of {} [{}]", what, entry.topic, entry.partition), entry.err);
  }
}

PartitionList log_end(rd_kafka_t* handle, const std::set<Partition>& partitions, std::int64_t which) {
  auto list = to_list(partitions, which);
  const auto error = rd_kafka_offsets_for_times(handle, list.get(), timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail("cannot read the ends of the log", error);
  check_each("cannot read the ends of the log", *list);
  return list;
}

}  // namespace

flow::LookedUp look_up(rd_kafka_t* handle, const std::vector<Partition>& partitions, bool siblings,
                       const std::set<Partition>& others) {
  flow::LookedUp result{cluster_of(handle), {}};
  std::set<Partition> asked(partitions.begin(), partitions.end());
  if (siblings)
    for (const auto& topic : topics_of(partitions)) asked.merge(partitions_of(handle, topic));
  for (const auto& topic : topics_of(others))
    for (const auto& partition : partitions_of(handle, topic))
      if (others.contains(partition)) asked.insert(partition);
  if (asked.empty()) return result;

  // The end that a group without a position begins at is read before it is known that it has none: so it
  // never lies behind the first position that another member commits meanwhile.
  const auto end_before = log_end(handle, asked, RD_KAFKA_OFFSET_END);
  auto committed = to_list(asked);
  const auto error = rd_kafka_committed(handle, committed.get(), timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail("cannot read the committed offsets", error);
  check_each("cannot read the committed offset", *committed);
  const auto low = log_end(handle, asked, RD_KAFKA_OFFSET_BEGINNING);
  const auto high = log_end(handle, asked, RD_KAFKA_OFFSET_END);

  for (int i = 0; i < committed->cnt; ++i) {  // all lists are in the order of `asked`
    const auto& entry = committed->elems[i];
    auto& known = result.known.emplace_back();
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
