#include <runnel/delivery/owners.hpp>

#include <gmock/gmock.h>

namespace runnel::delivery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Owners, come_back_from_the_metadata_as_they_went_in) {
  const Owners owners{{0x9f0c2b7714c01a5e, 17}, {0x3c1d2e4f5a69788, 4}};
  EXPECT_EQ(to_metadata(owners), "runnel1 9f0c2b7714c01a5e:17 03c1d2e4f5a69788:4");
  EXPECT_EQ(owners_in(to_metadata(owners)), owners);
}

TEST(Owners, the_committer_is_first_and_stands_there_once) {
  EXPECT_THAT(with({7, 20}, {{8, 3}, {7, 19}, {9, 1}}), ElementsAre(Claim{7, 20}, Claim{8, 3}, Claim{9, 1}));
  EXPECT_THAT(with({7, 1}, {}), ElementsAre(Claim{7, 1}));
}

TEST(Owners, each_ledger_has_the_entry_that_counts_for_it) {
  const Owners owners{{7, 20}, {8, 3}};
  EXPECT_EQ(entry_of(8, owners), 3u);
  EXPECT_EQ(entry_of(9, owners), std::nullopt);
}

TEST(Owners, what_does_not_fit_is_left_out_from_the_oldest_on) {
  Owners owners;
  for (std::uint64_t ledger = 1; ledger <= 40; ++ledger) owners.push_back({ledger, UINT64_MAX - ledger});
  const auto metadata = to_metadata(owners);
  EXPECT_LE(metadata.size(), most_metadata);
  const auto left = owners_in(metadata);
  EXPECT_EQ(left.size(), 13u);
  EXPECT_EQ(left, Owners(owners.begin(), owners.begin() + 13));
}

TEST(Owners, the_metadata_of_anybody_else_is_none) {
  for (const char* foreign :
       {"", "anything", "runnel1", "runnel2 0000000000000007:1", "runnel1 7:1", "runnel1 0000000000000007",
        "runnel1 0000000000000007:", "runnel1 0000000000000007:x", "runnel1 0000000000000007:-1",
        "runnel1 0000000000000007:1 junk", "runnel1  0000000000000007:1", "runnel1 000000000000000g:1",
        "runnel1 0000000000000007:99999999999999999999"})
    EXPECT_THAT(owners_in(foreign), IsEmpty()) << foreign;
  EXPECT_THAT(owners_in("runnel1 0000000000000007:1" + std::string(500, ' ')), IsEmpty());
}

}  // namespace
}  // namespace runnel::delivery
