#pragma once

#include "handles.hpp"

#include <runnel/delivery/begin.hpp>
#include <runnel/delivery/record.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

namespace runnel::kafka {

/// Takes batches from librdkafka's data queue and dresses them as delivery::Batch, without an allocation a
/// record.
///
/// A batch may be let go on any thread and after the reader is gone; the librdkafka handle must outlive it.
class BatchReader {
 public:
  using OnError = std::function<void(const rd_kafka_message_t&)>;
  using OnGap = std::function<void(delivery::Gap)>;

  BatchReader(std::size_t most, bool headers, OnError on_error, OnGap on_gap);

  /// The next records, at most `most`; an empty batch: there is nothing. Does not block.
  delivery::Batch read(rd_kafka_t* handle, rd_kafka_queue_t* queue);

  /// From here on the next record of this partition is expected at `offset`.
  void expect(const delivery::Partition& partition, std::int64_t offset);

 private:
  struct Store;
  struct Shared;
  struct Place;

  Place& find(Store& store, const rd_kafka_message_t& message);
  void look_for_gap(rd_kafka_t* handle, const delivery::Partition& partition, std::int64_t offset);

  std::size_t most_;
  bool headers_;
  OnError on_error_;
  OnGap on_gap_;
  std::map<delivery::Partition, std::int64_t> expected_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace runnel::kafka
