#pragma once

#include <cstddef>
#include <cstdint>

// How the `memory` of a flow is kept: what may be queued, what may be in flight, how much to ask a broker
// for.
namespace runnel::delivery {

/// The parts of a flow's `memory`. A record costs more than its bytes: librdkafka keeps some hundred beside
/// each, so the number of queued records has a bound of its own. What the parts leave is for what they are
/// overshot by: fetches are whole, and a fetch's buffer stays until its last record is gone.
struct MemoryShares {
  std::uint64_t queued_bytes = 0;
  std::uint64_t queued_records = 0;
  std::size_t batch_bytes = 0;        // in flight
  std::uint64_t fetched_bytes = 0;    // of the records in one round of fetches, decompressed
  std::uint64_t largest_request = 0;  // to ask one broker for, in bytes as they are on the wire
};
MemoryShares share(std::uint64_t memory);

/// How many records the next batch may have so that it holds about `bytes`: a batch can be asked for by
/// count only. Judged by the last batch, and raised slowly, so that a few small records do not open the
/// door for many large ones.
class BatchLimit {
 public:
  BatchLimit(std::size_t bytes, std::size_t most) : bytes_(bytes), most_(most) {}

  std::size_t records() const { return records_; }

  /// The last batch had so many records, of so many bytes.
  void took(std::size_t records, std::size_t bytes);

 private:
  std::size_t bytes_;
  std::size_t most_;
  std::size_t records_ = 1;
};

/// What has come from the brokers since the beginning: Fetch responses, on the wire.
struct Fetched {
  std::uint64_t received_bytes = 0;
  std::uint64_t queued_bytes = 0;      // of those whose records are all in the queue by now
  std::uint64_t queued_responses = 0;  // of those, how many
  std::uint64_t brokers = 1;           // that have sent some
};

/// How many bytes to ask a broker for in one fetch.
///
/// All batches of a fetch are decompressed when it arrives, and nobody knows beforehand what they become. So
/// this begins small, looks at what came of it, and doubles only when the last fetches were full, the queue
/// ran empty (so the size of a fetch is what holds up) and twice as much would still fit. It shrinks the
/// moment that more came of a fetch than may. Thread: one at a time.
class FetchSize {
 public:
  static constexpr std::uint64_t first = 16 * 1024;
  static constexpr std::uint64_t least = 1024;  // a broker sends at least one batch, however large

  explicit FetchSize(const MemoryShares& shares)
      : fetched_(shares.fetched_bytes), most_(shares.largest_request) {}

  /// Records of so many bytes were taken from the queue, and whether it is empty now.
  void took(std::uint64_t bytes, bool empty, const Fetched& fetched);

  std::uint64_t bytes() const { return bytes_; }

 private:
  std::uint64_t fetched_;
  std::uint64_t most_;
  std::uint64_t bytes_ = first;
  std::uint64_t taken_ = 0;  // since `since_`
  Fetched since_;            // about the last time that the queue was empty
};

}  // namespace runnel::delivery
