#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

// The plain values that travel through Runnel. Nothing here owns a record's bytes but Batch::owner.
namespace runnel::delivery {

struct Partition {
  std::string topic;
  std::int32_t number = 0;

  auto operator<=>(const Partition&) const = default;
};

/// For each partition the next offset to deliver. Never counted: offsets have gaps.
using Positions = std::map<Partition, std::int64_t>;

/// What is committed for a partition: a position, and a note to whoever has the partition next.
struct Commit {
  std::int64_t next = 0;
  std::string metadata;
};
using Commits = std::map<Partition, Commit>;

/// Kafka tells null from empty; nullopt is null.
using Bytes = std::optional<std::string_view>;

struct Header {
  std::string_view name;  // may stand several times in one record
  Bytes value;
};

struct Record {
  const Partition* partition = nullptr;  // one object for all records of a partition in a batch
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = -1;  // since 1970 UTC; -1: the record has none
  Bytes key;
  Bytes value;
  std::span<const Header> headers;  // empty as well when the flow's sinks did not ask for headers
};

/// Where a partition stands after a batch.
struct Reached {
  const Partition* partition = nullptr;
  std::int64_t next = 0;
};

/// The records of one read, in offset order within each partition. Views: they live as long as `owner`.
struct Batch {
  std::span<const Record> records;
  std::span<const Reached> reached;  // one entry for each partition in the batch
  std::size_t bytes = 0;             // of keys and values
  std::shared_ptr<const void> owner;
};

/// The batch without what it has of these partitions.
Batch without(const Batch& batch, const std::set<Partition>& gone);

}  // namespace runnel::delivery
