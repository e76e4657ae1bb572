#include "support/fake_disk.hpp"
#include "support/temporary_directory.hpp"

#include <runnel/delivery/ledger_file.hpp>
#include <runnel/disk/other_ledgers.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace runnel::disk {
namespace {

using testing::HasSubstr;

class LedgersOfOthers : public testing::Test {
 protected:
  // A ledger that speaks of one file; its path.
  std::string write(const std::string& name, const std::string& file) {
    delivery::Ledger ledger({7, "cluster", "group"});
    auto entry = ledger.next();
    entry.files.push_back({file, 10, {{"t", 0}}});
    ledger.add(entry);
    tests::write_file(dir_ / name, written_anew(ledger));
    return dir_ / name;
  }
  std::optional<Claimed> find(std::vector<std::string> files) { return others_.find_claim(files); }

  tests::TemporaryDirectory dir_;
  tests::FakeDisk disk_;
  const std::string own_ = write("own-00000000.ledger", "/out/0");
  OtherLedgers others_{disk_, own_};
};

TEST_F(LedgersOfOthers, OneThatSpeaksOfAFileIsFound) {
  const auto other = write("other-00000000.ledger", "/out/1");
  const auto found = find({"/out/0", "/out/1"});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->ledger, other);
  EXPECT_EQ(found->file, "/out/1");
  EXPECT_EQ(disk_.open_now(), 0);
}

TEST_F(LedgersOfOthers, TheirOtherFilesDoNotCountNorDoesOurOwnLedger) {
  write("other-00000000.ledger", "/out/1");
  EXPECT_FALSE(find({"/out/0", "/out/2"}));
}

TEST_F(LedgersOfOthers, WhatNoFlowWouldTakeForItsLedgerDoesNotCount) {
  const auto text = tests::read_file(write("other.ledger.old", "/out/1"));
  tests::write_file(dir_ / "damaged-00000000.ledger", "x" + text);
  std::filesystem::create_directory(dir_ / "directory.ledger");
  std::filesystem::create_symlink(dir_ / "other.ledger.old", dir_ / "link.ledger");
  EXPECT_FALSE(find({"/out/1"}));
}

TEST_F(LedgersOfOthers, OneThatHasNotChangedIsNotReadAgain) {
  write("other-00000000.ledger", "/out/1");
  EXPECT_FALSE(find({"/out/2"}));
  disk_.was_read = 0;
  EXPECT_FALSE(find({"/out/3"}));
  EXPECT_EQ(disk_.was_read, 0);
  EXPECT_TRUE(find({"/out/1"})) << "what it speaks of is still known";
}

TEST_F(LedgersOfOthers, OneThatWasChangedIsReadAgain) {
  const auto path = write("other-00000000.ledger", "/out/1");
  EXPECT_FALSE(find({"/out/2"}));
  write("other-00000000.ledger", "/out/1 and more");
  EXPECT_TRUE(find({"/out/1 and more"})) << "it has another size";
  const auto time = std::filesystem::last_write_time(path);
  std::filesystem::rename(write("other.new", "/out/1 and less"), path);
  std::filesystem::last_write_time(path, time);
  EXPECT_TRUE(find({"/out/1 and less"})) << "another one of its size and time is in its place";
  EXPECT_FALSE(find({"/out/1 and more"}));
  std::filesystem::remove(path);
  EXPECT_FALSE(find({"/out/1 and less"}));
}

TEST_F(LedgersOfOthers, OneThatCouldNotBeReadIsReadTheNextTime) {
  const auto path = write("other-00000000.ledger", "/out/1");
  const auto text = tests::read_file(path);
  tests::write_file(path, "x" + text);
  EXPECT_FALSE(find({"/out/1"}));
  tests::write_file(path, text);
  EXPECT_TRUE(find({"/out/1"}));
}

TEST_F(LedgersOfOthers, OneThatIsNotOursToReadDoesNotCount) {
  write("other-00000000.ledger", "/out/1");
  for (const int error : {ENOENT, EACCES, ELOOP, ENXIO}) {
    disk_.open_error = error;
    EXPECT_FALSE(find({"/out/1"})) << error;
  }
}

TEST_F(LedgersOfOthers, OneThatCannotBeReadForNowIsAnErrorForItMayHaveAClaim) {
  const auto path = write("other-00000000.ledger", "/out/1");
  for (const int error : {EMFILE, ENFILE, EIO, ENOMEM}) {
    disk_.open_error = error;
    EXPECT_THROW(find({"/out/1"}), Error) << error;
  }
  disk_.open_error = 0;
  disk_.read_error = EIO;
  EXPECT_THROW(find({"/out/1"}), Error);
  EXPECT_EQ(disk_.open_now(), 0);
  disk_.read_error = 0;
  EXPECT_TRUE(find({"/out/1"}));
}

TEST_F(LedgersOfOthers, ADirectoryThatCannotBeListedIsAnError) {
  std::filesystem::remove_all(dir_ / "");
  try {
    find({"/out/1"});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("No such file or directory"));
  }
}

}  // namespace
}  // namespace runnel::disk
