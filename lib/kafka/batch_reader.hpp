#pragma once

#include "handles.hpp"

#include <runnel/delivery/begin.hpp>
#include <runnel/delivery/memory.hpp>
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
  struct Limits {
    std::size_t records = 0;  // at most in one batch
    std::size_t bytes = 0;    // in one batch, about
    std::size_t large = 0;    // a record of more bytes is told of
  };
  using OnMessage = std::function<void(const rd_kafka_message_t&)>;
  using OnGap = std::function<void(delivery::Gap)>;

  BatchReader(const Limits& limits, bool headers, OnMessage on_error, OnMessage on_large, OnGap on_gap);

  /// The next records; an empty batch: there are none. Does not block.
  delivery::Batch read(rd_kafka_t* handle, rd_kafka_queue_t* queue);

  /// Lets go of the messages of the batches that were given back since the last call: a tenth of a
  /// millisecond for a large batch, which need not pass while a sink waits for the next one.
  void tidy();

  /// Whether the last read left nothing in the queue.
  bool drained() const { return drained_; }

  /// From here on the next record of this partition is expected at `offset`.
  void expect(const delivery::Partition& partition, std::int64_t offset);
  void forget(const delivery::Partition& partition) { expected_.erase(partition); }

  /// librdkafka has left out what it cannot take and went on behind it: what it gives of this partition is
  /// dropped until release(), for a position that is committed must never pass what was not delivered.
  void hold(const rd_kafka_message_t& message);
  void release(const delivery::Partition& partition) { held_.erase(partition); }
  const std::set<delivery::Partition>& held() const { return held_; }

  /// What is expected next of each partition.
  const delivery::Positions& expected() const { return expected_; }

 private:
  struct Store;
  struct Shared;
  struct Place;

  Place& find(Store& store, const rd_kafka_message_t& message);
  void look_for_gap(rd_kafka_t* handle, const delivery::Partition& partition, std::int64_t offset);

  delivery::Batch take(rd_kafka_t* handle, rd_kafka_queue_t* queue);

  Limits limits_;
  delivery::BatchLimit limit_;
  bool drained_ = true;
  bool headers_;
  OnMessage on_error_;
  OnMessage on_large_;
  OnGap on_gap_;
  delivery::Positions expected_;
  std::set<delivery::Partition> held_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace runnel::kafka
