#include <runnel/telemetry/mask.hpp>

#include <gtest/gtest.h>

namespace runnel::telemetry {
namespace {

std::string mask(std::string_view text, const std::vector<std::string>& secrets) {
  return Mask(secrets)(text);
}

TEST(Mask, HidesASecretWhereverItStands) {
  EXPECT_EQ(mask("no hunter2 and hunter2!", {"hunter2"}), "no (hidden) and (hidden)!");
  EXPECT_EQ(mask("hunter2hunter2", {"hunter2"}), "(hidden)(hidden)");
  EXPECT_EQ(mask("correct horse battery", {"correct horse battery"}), "(hidden)");
}

TEST(Mask, HidesThatOfAFileWhichEndsInALineBreak) {
  EXPECT_EQ(mask("no hunter2", {"hunter2\n"}), "no (hidden)");
}

TEST(Mask, HidesAnyLongPieceOfASecret) {
  const std::vector<std::string> secrets = {"principal=x topsecret=hunter2"};
  EXPECT_EQ(mask("cannot be read from topsecret=hunter2", secrets), "cannot be read from(hidden)");
  EXPECT_EQ(mask("Invalid value \"principal=x topsec", secrets), "Invalid value \"(hidden)");
  EXPECT_EQ(mask("a line x topsecret= of a key", secrets), "a line (hidden) of a key");
}

TEST(Mask, LeavesTheRestAsItIs) {
  EXPECT_EQ(mask("nothing of that", {"", "o", "hunter2", "a horse, a staple"}), "nothing of that");
  EXPECT_EQ(mask("", {"hunter2"}), "");
  EXPECT_EQ(mask("nothing", {}), "nothing");
}

}  // namespace
}  // namespace runnel::telemetry
