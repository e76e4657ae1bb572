#include <runnel/delivery/memory.hpp>

#include <algorithm>

namespace runnel::delivery {

MemoryShares share(std::uint64_t memory) {
  constexpr std::uint64_t kept_beside = 640;       // bytes that librdkafka keeps beside each queued record
  constexpr std::uint64_t most_records = 100'000;  // librdkafka's own default: more gain nothing
  constexpr std::uint64_t most_request = 4 << 20;  // larger fetches gain nothing either
  MemoryShares shares;
  shares.queued_bytes = memory / 8;
  shares.queued_records = std::clamp<std::uint64_t>(memory / 4 / kept_beside, 1, most_records);
  shares.batch_bytes = memory / 16;
  shares.fetched_bytes = memory / 8;
  shares.largest_request = std::clamp<std::uint64_t>(memory / 16, FetchSize::first, most_request);
  return shares;
}

void BatchLimit::took(std::size_t records, std::size_t bytes) {
  if (records == 0) return;
  const auto fit =
      bytes == 0 ? most_ : std::max<std::size_t>(1, bytes_ / std::max<std::size_t>(1, bytes / records));
  records_ = std::min({fit, most_, std::max(records_, 4 * records)});
}

void FetchSize::took(std::uint64_t bytes, bool empty, const Fetched& fetched) {
  taken_ += bytes;
  const auto brokers = std::max<std::uint64_t>(1, fetched.brokers);
  // What a fetch of `bytes_` becomes when `wire` became `taken_`, summed over the brokers.
  const auto becomes = [&](std::uint64_t wire) {
    return static_cast<double>(taken_) / static_cast<double>(wire) * static_cast<double>(bytes_ * brokers);
  };
  const auto most = static_cast<double>(fetched_);
  // At least this much: a part of it may still be queued.
  if (const auto received = fetched.received_bytes - since_.queued_bytes; received > 0) {
    const auto at_least = becomes(received);
    if (at_least > most)
      bytes_ = std::max(least, static_cast<std::uint64_t>(static_cast<double>(bytes_) * most / at_least));
  }
  const auto responses = fetched.queued_responses - since_.queued_responses;
  if (!empty && taken_ > 2 * fetched_) {  // behind a slow reader it is never empty, and the past counts less
    taken_ /= 2;
    since_.queued_bytes += (fetched.queued_bytes - since_.queued_bytes) / 2;
    since_.queued_responses += responses / 2;
  }
  // Only when nothing is between the wire and the queue is it known what became of what.
  const bool known = empty && fetched.queued_bytes == fetched.received_bytes;
  if (!known || responses == 0 || taken_ == 0) return;
  const auto wire = fetched.queued_bytes - since_.queued_bytes;
  const auto mean = wire / responses;
  if (mean >= bytes_ / 2 && wire > 0 && 2 * becomes(wire) <= most)
    bytes_ = std::min(2 * bytes_, most_);
  else if (mean < bytes_ / 8)
    bytes_ = std::max(std::min(first, bytes_), bytes_ / 2);
  taken_ = 0;
  since_ = fetched;
}

}  // namespace runnel::delivery
