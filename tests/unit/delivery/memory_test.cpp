#include <runnel/delivery/memory.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace runnel::delivery {
namespace {

constexpr std::uint64_t KiB = 1024;
constexpr std::uint64_t MiB = 1024 * KiB;
constexpr std::uint64_t GiB = 1024 * MiB;

// what share() gives

struct ShareCase {
  std::uint64_t memory, queued_bytes, queued_records, batch_bytes, fetched_bytes, largest_request;
};

TEST(Share, is_a_fixed_part_of_the_memory_within_what_librdkafka_makes_use_of) {
  const std::array cases = {
      ShareCase{1 * MiB, 128 * KiB, 409, 64 * KiB, 128 * KiB, 64 * KiB},
      ShareCase{64 * MiB, 8 * MiB, 26'214, 4 * MiB, 8 * MiB, 4 * MiB},
      ShareCase{64 * GiB, 8 * GiB, 100'000, 4 * GiB, 8 * GiB, 4 * MiB},
  };
  for (const auto& each : cases) {
    const auto shares = share(each.memory);
    EXPECT_EQ(shares.queued_bytes, each.queued_bytes) << each.memory;
    EXPECT_EQ(shares.queued_records, each.queued_records) << each.memory;
    EXPECT_EQ(shares.batch_bytes, each.batch_bytes) << each.memory;
    EXPECT_EQ(shares.fetched_bytes, each.fetched_bytes) << each.memory;
    EXPECT_EQ(shares.largest_request, each.largest_request) << each.memory;
  }
}

TEST(Share, leaves_room_for_what_the_parts_are_overshot_by) {
  for (std::uint64_t memory = MiB; memory <= 64 * GiB; memory *= 2) {
    const auto shares = share(memory);
    const auto overshoot = 2 * shares.fetched_bytes;  // one that arrives, one whose last record is not gone
    const auto batches = 2 * shares.batch_bytes;      // one in flight, one read ahead
    EXPECT_LE(shares.queued_bytes + shares.queued_records * 640 + batches + overshoot, memory);
  }
}

// how many records a batch may have

TEST(BatchLimit, grows_to_the_most_while_records_are_small) {
  BatchLimit limit(8 * MiB, 2500);
  std::vector<std::size_t> asked;
  for (int i = 0; i < 8; ++i) {
    asked.push_back(limit.records());
    limit.took(limit.records(), limit.records() * 100);
  }
  EXPECT_EQ(asked, (std::vector<std::size_t>{1, 4, 16, 64, 256, 1024, 2500, 2500}));
}

TEST(BatchLimit, keeps_large_records_within_the_bytes) {
  BatchLimit limit(8 * MiB, 2500);
  for (int i = 0; i < 20; ++i) {
    EXPECT_LE(limit.records() * 100 * KiB, 8 * MiB);
    limit.took(limit.records(), limit.records() * 100 * KiB);
  }
  EXPECT_EQ(limit.records(), 8 * MiB / (100 * KiB));
}

TEST(BatchLimit, gives_a_record_that_is_larger_than_all_a_batch_of_its_own) {
  BatchLimit limit(128 * KiB, 2500);
  limit.took(1, 5 * MiB);
  EXPECT_EQ(limit.records(), 1U);
}

TEST(BatchLimit, is_not_moved_by_a_batch_of_nothing) {
  BatchLimit limit(8 * MiB, 2500);
  limit.took(1, 100);
  limit.took(0, 0);
  EXPECT_EQ(limit.records(), 4U);
}

TEST(BatchLimit, takes_records_without_bytes) {
  BatchLimit limit(8 * MiB, 2500);
  limit.took(1, 0);
  limit.took(4, 0);
  EXPECT_EQ(limit.records(), 16U);
}

TEST(BatchLimit, grows_no_further_on_batches_that_were_not_full) {
  BatchLimit limit(8 * MiB, 2500);
  for (int i = 0; i < 20; ++i) limit.took(1, 100);
  EXPECT_EQ(limit.records(), 4U);
}

// how much to ask a broker for

/// Brokers with an endless backlog in batches of `batch` bytes that become `expansion` times as much.
struct Backlog {
  std::uint64_t batch = 16 * KiB;
  std::uint64_t expansion = 1;
  std::uint64_t brokers = 1;
  Fetched fetched;

  /// One fetch of each broker, all of it read; what it became.
  std::uint64_t round(FetchSize& size, bool empty = true) {
    const auto became = arrive(size) * expansion;
    size.took(became, empty, fetched);
    return became;
  }
  /// The same, but read in batches, and never to the end.
  std::uint64_t round_in_batches(FetchSize& size) {
    const auto became = arrive(size) * expansion;
    for (auto rest = became; rest > 0; rest -= std::min(rest, 8 * MiB))
      size.took(std::min(rest, 8 * MiB), false, fetched);
    return became;
  }
  /// One fetch of each broker, unread.
  std::uint64_t arrive(const FetchSize& size) {
    return arrive(std::max(batch, size.bytes() / batch * batch));
  }
  std::uint64_t arrive(std::uint64_t bytes) {
    fetched.brokers = brokers;
    fetched.received_bytes += bytes * brokers;
    fetched.queued_bytes += bytes * brokers;
    fetched.queued_responses += brokers;
    return bytes * brokers;
  }
};

constexpr std::uint64_t memory = 64 * MiB;

FetchSize grown_by(Backlog& backlog) {
  FetchSize size(share(memory));
  for (int i = 0; i < 10; ++i) backlog.round(size);
  return size;
}

TEST(FetchSize, begins_small_for_nobody_knows_what_comes) {
  EXPECT_EQ(FetchSize(share(memory)).bytes(), 16 * KiB);
}

TEST(FetchSize, doubles_up_to_the_most_on_a_backlog_that_is_not_compressed) {
  FetchSize size(share(memory));
  Backlog backlog;
  std::vector<std::uint64_t> asked;
  for (int i = 0; i < 10; ++i, backlog.round(size)) asked.push_back(size.bytes() / KiB);
  EXPECT_EQ(asked, (std::vector<std::uint64_t>{16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 4096}));
}

TEST(FetchSize, keeps_what_a_round_becomes_in_its_share_from_the_second_on) {
  const std::array backlogs = {
      Backlog{1500, 1000, 1, {}},    Backlog{1500, 640, 1, {}}, Backlog{1500, 100, 1, {}},
      Backlog{16 * KiB, 10, 1, {}},  Backlog{1000, 50, 1, {}},  Backlog{1500, 1000, 3, {}},
      Backlog{16 * KiB, 10, 12, {}}, Backlog{1000, 1, 100, {}},
  };
  for (auto backlog : backlogs) {
    FetchSize size(share(memory));
    backlog.round(size);
    const auto a_batch_each = backlog.batch * backlog.expansion * backlog.brokers;
    for (int i = 0; i < 20; ++i)
      EXPECT_LE(backlog.round(size), std::max(share(memory).fetched_bytes, a_batch_each))
          << "round " << i << ", " << backlog.expansion << " times, " << backlog.brokers << " brokers";
  }
}

TEST(FetchSize, shrinks_at_once_when_a_backlog_begins_to_expand) {
  Backlog backlog;
  auto size = grown_by(backlog);
  backlog.batch = 1500;
  backlog.expansion = 1000;
  backlog.round(size);
  EXPECT_LE(backlog.round(size), share(memory).fetched_bytes);
}

TEST(FetchSize, shrinks_on_the_first_part_of_a_fetch_that_is_still_queued) {
  Backlog backlog;
  auto size = grown_by(backlog);
  backlog.arrive(4 * MiB);
  size.took(32 * MiB, false, backlog.fetched);
  EXPECT_EQ(size.bytes(), 1 * MiB);
}

TEST(FetchSize, shrinks_also_after_hours_behind_a_slow_reader) {
  Backlog backlog;
  auto size = grown_by(backlog);
  for (int i = 0; i < 10'000; ++i) backlog.round_in_batches(size);
  ASSERT_EQ(size.bytes(), 4 * MiB);
  backlog.batch = 1500;
  backlog.expansion = 1000;
  backlog.round_in_batches(size);
  EXPECT_LE(backlog.round_in_batches(size), share(memory).fetched_bytes);
}

TEST(FetchSize, does_not_grow_while_it_is_the_reader_that_holds_up) {
  FetchSize size(share(memory));
  Backlog backlog;
  for (int i = 0; i < 20; ++i) backlog.round(size, false);
  EXPECT_EQ(size.bytes(), FetchSize::first);
}

TEST(FetchSize, does_not_grow_on_a_trickle) {
  FetchSize size(share(memory));
  Backlog trickle;
  for (int i = 0; i < 20; ++i) size.took(trickle.arrive(200), true, trickle.fetched);
  EXPECT_EQ(size.bytes(), FetchSize::first);
}

TEST(FetchSize, is_small_again_when_a_backlog_has_become_a_trickle) {
  Backlog backlog;
  auto size = grown_by(backlog);
  for (int i = 0; i < 20; ++i) size.took(backlog.arrive(200), true, backlog.fetched);
  EXPECT_EQ(size.bytes(), FetchSize::first);
}

TEST(FetchSize, waits_for_the_records_of_an_answer_before_it_judges_it) {
  FetchSize size(share(memory));
  // One is in the queue and read; another is being decompressed, and a part of that is read, too.
  size.took(100, true, {.received_bytes = 32 * KiB, .queued_bytes = 16 * KiB, .queued_responses = 1});
  EXPECT_EQ(size.bytes(), FetchSize::first);
}

}  // namespace
}  // namespace runnel::delivery
