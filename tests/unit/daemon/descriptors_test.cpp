#include "descriptors.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace runnel::daemon {
namespace {

constexpr Wanting one{.flows = 1, .producers = 0, .file_sinks = 1};

TEST(Descriptors, AreLeftToAllElseBeforeTheyAreSharedAmongTheSinks) {
  const auto alone = share(128, one);
  const auto two = share(128, {.flows = 2, .producers = 1, .file_sinks = 2});
  EXPECT_TRUE(alone.enough);
  EXPECT_TRUE(two.enough);
  EXPECT_EQ(alone.needed + alone.files_each - 1, 128);
  EXPECT_EQ(two.needed + 2 * (two.files_each - 1), 128);
}

TEST(Descriptors, AreNeverAllForFiles) {
  EXPECT_EQ(share(1024, one).files_each, 768);
  EXPECT_EQ(share(1024, {.flows = 2, .producers = 0, .file_sinks = 2}).files_each, 384);
  EXPECT_EQ(share(65536, {.flows = 1, .producers = 0, .file_sinks = 3}).files_each, 16384);
}

TEST(Descriptors, GiveEachSinkAFileAlsoWhenTheyAreTooFew) {
  for (const std::size_t limit : {0, 3, 20, 40}) {
    const auto shares = share(limit, one);
    EXPECT_EQ(shares.files_each, 1) << limit;
    EXPECT_FALSE(shares.enough) << limit;
  }
  const auto needed = share(40, one).needed;
  EXPECT_FALSE(share(needed - 1, one).enough);
  EXPECT_TRUE(share(needed, one).enough);
}

TEST(Descriptors, NeedNotBeSharedWhereNoSinkWritesFiles) {
  EXPECT_TRUE(share(1024, {}).enough);
}

TEST(Descriptors, AreAsManyAsTheHardLimitAllows) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit low{before.rlim_max / 2, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &low);
  EXPECT_EQ(raise_descriptor_limit(), before.rlim_max);
  rlimit after{};
  ::getrlimit(RLIMIT_NOFILE, &after);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace runnel::daemon
