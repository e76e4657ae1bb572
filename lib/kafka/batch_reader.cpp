#include "batch_reader.hpp"

#include <algorithm>
#include <deque>

namespace runnel::kafka {

struct BatchReader::Place {
  const rd_kafka_topic_t* topic;
  std::int32_t number;
  std::size_t index;  // in Store::reached
  bool held;
};

// What one batch stands on. Stores are used again, so that reading costs no memory once it runs.
struct BatchReader::Store {
  std::vector<rd_kafka_message_t*> messages;
  std::vector<delivery::Record> records;
  std::vector<delivery::Reached> reached;
  std::vector<Place> places;
  std::deque<std::vector<delivery::Header>> headers;  // one entry a record that has some; addresses stay
  std::size_t count = 0;

  void clear() {
    for (std::size_t i = 0; i < count; ++i) rd_kafka_message_destroy(messages[i]);
    count = 0;
    records.clear();
    reached.clear();
    places.clear();
    headers.clear();
  }
  ~Store() { clear(); }
};

// Outlives the reader as long as a batch is held somewhere.
struct BatchReader::Shared {
  std::mutex mutex;                          // for `used`; all else is the reader's
  std::vector<std::unique_ptr<Store>> used;  // given back, still with their messages
  std::vector<std::unique_ptr<Store>> free;
  std::set<delivery::Partition> partitions;  // nodes stay

  std::unique_ptr<Store> take() {
    tidy();
    if (free.empty()) return std::make_unique<Store>();
    auto store = std::move(free.back());
    free.pop_back();
    return store;
  }
  void give_back(std::unique_ptr<Store> store) {
    const std::lock_guard lock(mutex);
    used.push_back(std::move(store));
  }
  void tidy() {
    std::vector<std::unique_ptr<Store>> back;
    {
      const std::lock_guard lock(mutex);
      back.swap(used);
    }
    for (auto& store : back) {
      store->clear();
      free.push_back(std::move(store));
    }
  }
};

namespace {

delivery::Bytes bytes(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(data), size);
}

// A record without headers costs one look; one with some a vector.
std::span<const delivery::Header> read_headers(const rd_kafka_message_t& message,
                                               std::deque<std::vector<delivery::Header>>& storage) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  auto& list = storage.emplace_back();
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == 0; ++i)
    list.push_back({name, bytes(value, size)});
  return list;
}

}  // namespace

BatchReader::BatchReader(const Limits& limits, bool headers, OnMessage on_error, OnMessage on_large,
                         OnGap on_gap)
    : limits_(limits),
      limit_(limits.bytes, limits.records),
      headers_(headers),
      on_error_(std::move(on_error)),
      on_large_(std::move(on_large)),
      on_gap_(std::move(on_gap)),
      shared_(std::make_shared<Shared>()) {}

void BatchReader::tidy() {
  shared_->tidy();
}

void BatchReader::expect(const delivery::Partition& partition, std::int64_t offset) {
  expected_[partition] = offset;
}

void BatchReader::hold(const rd_kafka_message_t& message) {
  held_.insert({rd_kafka_topic_name(message.rkt), message.partition});
}

BatchReader::Place& BatchReader::find(Store& store, const rd_kafka_message_t& message) {
  auto same = [&](const Place& place) {
    return place.topic == message.rkt && place.number == message.partition;
  };
  auto found = std::ranges::find_if(store.places, same);
  if (found != store.places.end()) return *found;
  auto partition = shared_->partitions.insert({rd_kafka_topic_name(message.rkt), message.partition}).first;
  store.reached.push_back({&*partition, 0});
  const bool held = held_.contains(*partition);
  return store.places.emplace_back(Place{message.rkt, message.partition, store.reached.size() - 1, held});
}

void BatchReader::look_for_gap(rd_kafka_t* handle, const delivery::Partition& partition,
                               std::int64_t offset) {
  auto expected = expected_.find(partition);
  if (expected == expected_.end() || expected->second == offset) return;
  std::int64_t low = 0;
  std::int64_t high = 0;
  rd_kafka_get_watermark_offsets(handle, partition.topic.c_str(), partition.number, &low, &high);
  // Offsets that are missing inside the log (compaction, transactions) are no gap.
  if (offset < expected->second || expected->second < low) on_gap_({partition, expected->second, offset});
}

// Errors are messages, too: what holds nothing else is not the end of the queue.
delivery::Batch BatchReader::read(rd_kafka_t* handle, rd_kafka_queue_t* queue) {
  for (;;) {
    auto batch = take(handle, queue);
    if (!batch.records.empty() || drained_) return batch;
  }
}

delivery::Batch BatchReader::take(rd_kafka_t* handle, rd_kafka_queue_t* queue) {
  auto store = shared_->take();
  const auto most = limit_.records();
  store->messages.resize(most);
  const auto count = rd_kafka_consume_batch_queue(queue, 0, store->messages.data(), most);
  store->count = count > 0 ? static_cast<std::size_t>(count) : 0;
  drained_ = store->count < most;

  delivery::Batch batch;
  Place* place = nullptr;
  for (std::size_t i = 0; i < store->count; ++i) {
    const auto& message = *store->messages[i];
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      on_error_(message);
      for (auto& each : store->places) each.held = held_.contains(*store->reached[each.index].partition);
      continue;
    }
    const bool same = place != nullptr && place->topic == message.rkt && place->number == message.partition;
    if (!same) place = &find(*store, message);
    if (place->held) continue;
    auto& reached = store->reached[place->index];
    if (reached.next == 0) look_for_gap(handle, *reached.partition, message.offset);
    reached.next = message.offset + 1;

    auto& record = store->records.emplace_back();
    record.partition = reached.partition;
    record.offset = message.offset;
    record.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
    record.key = bytes(message.key, message.key_len);
    record.value = bytes(message.payload, message.len);
    if (headers_) record.headers = read_headers(message, store->headers);
    const auto bytes = message.key_len + message.len;
    if (bytes > limits_.large) on_large_(message);
    batch.bytes += bytes;
  }
  limit_.took(store->records.size(), batch.bytes);
  std::erase_if(store->reached, [](const auto& reached) { return reached.next == 0; });  // held
  for (const auto& reached : store->reached) expected_[*reached.partition] = reached.next;

  batch.records = store->records;
  batch.reached = store->reached;
  auto give_back = [shared = shared_](Store* used) { shared->give_back(std::unique_ptr<Store>(used)); };
  if (!store->records.empty())
    batch.owner = std::shared_ptr<Store>(store.release(), give_back);
  else
    shared_->give_back(std::move(store));
  return batch;
}

}  // namespace runnel::kafka
