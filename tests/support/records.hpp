#pragma once

#include <runnel/delivery/record.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace runnel::tests {

/// Makes batches whose bytes live exactly as long as their owner, so that a sanitizer sees who outlives it.
class Records {
 public:
  using Text = std::optional<std::string>;  // nullopt is null

  Records() : store_(std::make_shared<Store>()) {}

  /// Later records are of this partition.
  Records& in(std::string topic, std::int32_t number) {
    store_->partition = &store_->partitions.emplace_back(delivery::Partition{std::move(topic), number});
    return *this;
  }

  /// The next record; its offset is one more than that of the record before.
  Records& add(Text value, Text key = std::nullopt, std::int64_t timestamp_ms = -1,
               std::vector<std::pair<std::string, Text>> headers = {}) {
    if (store_->partition == nullptr) in("topic", 0);
    auto& list = store_->headers.emplace_back();
    for (auto& [name, text] : headers) list.push_back({*keep(std::move(name)), keep(std::move(text))});
    store_->records.push_back({store_->partition, store_->next++, timestamp_ms, keep(std::move(key)),
                               keep(std::move(value)), list});
    return *this;
  }

  Records& at(std::int64_t offset) {
    store_->next = offset;
    return *this;
  }

  /// What was added, as if all of it was read in this order, and a fresh start.
  delivery::Batch take() {
    auto store = std::exchange(store_, std::make_shared<Store>());
    auto& reached = store->reached;
    for (const auto& record : store->records) {
      if (reached.empty() || reached.back().partition != record.partition)
        reached.push_back({record.partition, 0});
      reached.back().next = record.offset + 1;
    }
    return {store->records, reached, 0, store};
  }

 private:
  struct Store {
    std::deque<delivery::Partition> partitions;
    std::deque<std::string> texts;
    std::deque<std::vector<delivery::Header>> headers;
    std::vector<delivery::Record> records;
    std::vector<delivery::Reached> reached;
    const delivery::Partition* partition = nullptr;
    std::int64_t next = 0;
  };

  delivery::Bytes keep(Text text) {
    if (!text) return std::nullopt;
    return store_->texts.emplace_back(std::move(*text));
  }

  std::shared_ptr<Store> store_;
};

}  // namespace runnel::tests
