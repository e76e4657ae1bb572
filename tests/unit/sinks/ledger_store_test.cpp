#include "sinks/ledger_store.hpp"

#include "support/fake_disk.hpp"
#include "support/run.hpp"
#include "support/temporary_directory.hpp"

#include <runnel/delivery/ledger_file.hpp>
#include <runnel/flow/broken.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace runnel::sinks {
namespace {

using delivery::Extent;
using flow::Outcome;
using testing::HasSubstr;
using tests::read_file;

class Store : public testing::Test {
 protected:
  Store() { make(); }

  void make() {
    store_.reset();
    store_.emplace(LedgerStoreParams{"archive", "group", dir_ / "state"}, loop_.get_executor(), clock_,
                   disk_);
  }
  void reopen() {
    make();
    EXPECT_EQ(open().outcome, Outcome::done);
  }

  flow::Delivered open() { return tests::run(loop_, store_->open("cluster", patient_)); }
  flow::Delivered sync() { return tests::run(loop_, store_->sync(patient_)); }
  flow::Delivered cut(std::vector<Extent> files) {
    return tests::run(loop_, store_->cut(std::move(files), patient_));
  }

  // The disk hangs in its first write or cut, and the deadline comes while it does.
  void late(async::awaitable<flow::Delivered> call, flow::Hurry& hurry) {
    disk_.hang();
    auto started = tests::start(loop_, std::move(call));
    disk_.await_write();
    hurry.no_later_than(clock_.now());
    EXPECT_EQ(tests::finish(loop_, started).outcome, Outcome::late);
  }
  void sync_late() {
    flow::Hurry hurry;
    late(store_->sync(hurry), hurry);
  }

  void add(std::int64_t position) {
    auto entry = store_->ledger().next();
    entry.places.push_back({{"t", 0}, position, true});
    entry.files.push_back({"/out/0", static_cast<std::uint64_t>(position), {{"t", 0}}});
    store_->add(entry);
  }

  std::string path() const {
    for (const auto& each : std::filesystem::directory_iterator(dir_ / "state"))
      if (each.path().extension() == ".ledger") return each.path().string();
    return "";
  }
  delivery::Ledger on_disk() const {
    auto replayed = delivery::replay(read_file(path()));
    EXPECT_EQ(replayed.outcome, delivery::Replayed::whole);
    return std::move(replayed.ledger);
  }

  template <class Call>
  int exit_code(Call call) {
    try {
      call();
    } catch (const flow::Broken& broken) {
      sentence_ = broken.what();
      return broken.exit_code;
    }
    return 0;
  }

  tests::TemporaryDirectory dir_;
  tests::FakeDisk disk_;
  async::asio::io_context loop_;
  flow::RealClock clock_;
  flow::Hurry patient_;
  std::string sentence_;
  std::optional<LedgerStore> store_;
};

TEST_F(Store, BeginsALedgerAndFindsItAgain) {
  reopen();
  EXPECT_EQ(store_->ledger().name().cluster, "cluster");
  EXPECT_EQ(store_->ledger().name().group, "group");
  const auto id = store_->ledger().name().id;
  add(10);
  add(20);
  EXPECT_EQ(store_->ledger().last(), 2);
  EXPECT_EQ(on_disk().last(), 0);
  EXPECT_EQ(sync().outcome, Outcome::done);
  EXPECT_EQ(on_disk().last(), 2);
  reopen();
  EXPECT_EQ(store_->ledger().name().id, id);
  EXPECT_EQ(store_->ledger().position({"t", 0}), 20);
}

TEST_F(Store, DoesNothingWhenItIsOpenedAgain) {
  reopen();
  add(10);
  disk_.calls.clear();
  EXPECT_EQ(open().outcome, Outcome::done);
  EXPECT_TRUE(disk_.calls.empty());
  EXPECT_EQ(store_->ledger().last(), 1);
}

TEST_F(Store, WritesAllThatWasAddedAtOnceAndNothingTwice) {
  reopen();
  disk_.calls.clear();
  for (int i = 1; i <= 5; ++i) add(i);
  EXPECT_EQ(sync().outcome, Outcome::done);
  EXPECT_EQ(disk_.calls.size(), 2);  // write, fdatasync
  add(6);
  EXPECT_EQ(sync().outcome, Outcome::done);
  EXPECT_EQ(disk_.calls.size(), 4);
  EXPECT_EQ(on_disk().last(), 6);
}

TEST_F(Store, IsSyncedAtOnceWhenNothingWasAdded) {
  reopen();
  disk_.calls.clear();
  auto syncing = tests::start(loop_, store_->sync(patient_));
  EXPECT_TRUE(syncing.ended());
  EXPECT_EQ(tests::finish(loop_, syncing).outcome, Outcome::done);
  EXPECT_TRUE(disk_.calls.empty());
}

TEST_F(Store, IsSyncedAtOnceThoughACutHangs) {
  reopen();
  tests::write_file(dir_ / "file", "12345");
  flow::Hurry hurry;
  late(store_->cut({{dir_ / "file", 2, {}}}, hurry), hurry);
  EXPECT_EQ(tests::run(loop_, store_->sync(hurry)).outcome, Outcome::done);
  add(10);
  EXPECT_EQ(tests::run(loop_, store_->sync(hurry)).outcome, Outcome::late);
  disk_.let_go();
  EXPECT_EQ(sync().outcome, Outcome::done);
  EXPECT_EQ(read_file(dir_ / "file"), "12");
  EXPECT_EQ(on_disk().last(), 1);
}

TEST_F(Store, OpensWhenThereIsRoomAgain) {
  disk_.room = 3;
  auto result = open();
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_THAT(result.reason, HasSubstr("No space left on device"));
  disk_.room = 1000;
  EXPECT_EQ(open().outcome, Outcome::done);
}

TEST_F(Store, OpensOnceThoughTheCallWasLate) {
  flow::Hurry hurry;
  late(store_->open("cluster", hurry), hurry);
  EXPECT_EQ(tests::run(loop_, store_->open("cluster", hurry)).outcome, Outcome::late);  // still hangs
  disk_.let_go();
  EXPECT_EQ(open().outcome, Outcome::done);
  EXPECT_EQ(disk_.count("rename " + path() + ".new"), 1);
  EXPECT_EQ(on_disk().name(), store_->ledger().name());
}

TEST_F(Store, KeepsWhatHadNoRoomForTheNextSync) {
  reopen();
  add(10);
  disk_.room = 5;
  EXPECT_EQ(sync().outcome, Outcome::failed);
  EXPECT_EQ(on_disk().last(), 0);
  add(20);
  disk_.room = 1000;
  EXPECT_EQ(sync().outcome, Outcome::done);
  EXPECT_EQ(on_disk().last(), 2);
}

TEST_F(Store, DoesNotWriteTwiceWhatALateSyncHasWritten) {
  reopen();
  add(10);
  sync_late();
  add(20);
  flow::Hurry hurry;
  hurry.no_later_than(clock_.now());
  EXPECT_EQ(tests::run(loop_, store_->sync(hurry)).outcome, Outcome::late);  // still hangs
  disk_.let_go();
  EXPECT_EQ(sync().outcome, Outcome::done);
  EXPECT_EQ(on_disk().last(), 2);
  disk_.calls.clear();
  EXPECT_EQ(sync().outcome, Outcome::done);
  EXPECT_TRUE(disk_.calls.empty());
}

TEST_F(Store, WritesWhatALateSyncCouldNot) {
  reopen();
  add(10);
  disk_.room = 5;
  sync_late();
  add(20);
  disk_.let_go();
  EXPECT_EQ(cut({}).outcome, Outcome::done);  // waits for it
  disk_.room = 1000;
  EXPECT_EQ(sync().outcome, Outcome::done);
  EXPECT_EQ(on_disk().last(), 2);
}

TEST_F(Store, IsWrittenAnewInPlaceOfAnAppendWhenItHasGrown) {
  reopen();
  std::size_t largest = 0;
  for (int i = 1; i <= 300; ++i) {
    auto entry = store_->ledger().next();
    entry.files.push_back({"/out/" + std::string(10'000, 'x'), static_cast<std::uint64_t>(i), {{"t", 0}}});
    store_->add(entry);
    store_->answered(entry.sequence);
    EXPECT_EQ(sync().outcome, Outcome::done);
    largest = std::max<std::size_t>(largest, std::filesystem::file_size(path()));
  }
  EXPECT_GT(largest, 900'000);
  EXPECT_LE(largest, 1 << 20);
  EXPECT_EQ(disk_.count("rename " + path() + ".new"), 3);  // one is for the opening
  EXPECT_EQ(on_disk().last(), 300);
  EXPECT_EQ(disk_.open_now(), 1);
}

TEST_F(Store, SyncsNextWhatIsAddedWhileASyncIsUnderWay) {
  reopen();
  add(10);
  disk_.hang();
  auto started = tests::start(loop_, store_->sync(patient_));
  disk_.await_write();
  add(20);
  disk_.let_go();
  EXPECT_EQ(tests::finish(loop_, started).outcome, Outcome::done);
  EXPECT_EQ(on_disk().last(), 1);
  EXPECT_EQ(sync().outcome, Outcome::done);
  EXPECT_EQ(on_disk().last(), 2);
}

TEST_F(Store, IsWrittenAnewWithTheLengthsThatACommitWithoutAnAnswerMayAskForAndNoOthers) {
  reopen();
  add(10);
  store_->unanswered(1);
  for (int position = 11; position <= 20; ++position) {
    add(position);
    store_->answered(store_->ledger().last());
  }
  EXPECT_EQ(sync().outcome, Outcome::done);
  std::filesystem::remove(path());
  add(30);
  EXPECT_EQ(sync().outcome, Outcome::failed);  // somebody has removed it
  EXPECT_EQ(sync().outcome, Outcome::done);
  const auto lengths = on_disk().files().at("/out/0").lengths;
  EXPECT_EQ(delivery::at(lengths, 1).length, 10);
  EXPECT_EQ(lengths.back().length, 30);
  EXPECT_LE(lengths.size(), 4u);
}

TEST_F(Store, EndsWith75WhenAnotherProcessHasTheLedger) {
  reopen();
  LedgerStore other({"archive", "group", dir_ / "state"}, loop_.get_executor(), clock_, disk_);
  EXPECT_EQ(exit_code([&] { tests::run(loop_, other.open("cluster", patient_)); }), 75);
  EXPECT_THAT(sentence_, HasSubstr("this process itself has this ledger already"));
  EXPECT_EQ(tests::run(loop_, other.open("another cluster", patient_)).outcome, Outcome::done);
}

TEST_F(Store, LetsAnotherFlowHaveTheLedgerOnceItIsClosed) {
  EXPECT_EQ(open().outcome, Outcome::done);
  tests::run(loop_, store_->close(patient_));
  LedgerStore other({"archive", "group", dir_ / "state"}, loop_.get_executor(), clock_, disk_);
  EXPECT_EQ(tests::run(loop_, other.open("cluster", patient_)).outcome, Outcome::done);
}

TEST_F(Store, EndsWith78WhenTheLedgerIsDamaged) {
  reopen();
  make();
  tests::write_file(path(), "not a ledger\n");
  EXPECT_EQ(exit_code([&] { open(); }), 78);
  EXPECT_THAT(sentence_, HasSubstr("damaged at byte 0"));
}

TEST_F(Store, IsWrittenAnewFromWhatItKnowsWhenASyncFails) {
  reopen();
  add(10);
  disk_.sync_error = EIO;
  const auto result = sync();
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.reason, path() + ": cannot be synced: Input/output error");
  disk_.sync_error = 0;
  disk_.calls.clear();
  EXPECT_EQ(sync().outcome, Outcome::done);
  EXPECT_EQ(disk_.count("rename " + path() + ".new"), 1);
  EXPECT_EQ(on_disk().last(), 1);
}

TEST_F(Store, IsWrittenAnewWhenASyncFailsThatNobodyWaitedFor) {
  reopen();
  add(10);
  disk_.sync_error = EIO;
  sync_late();
  disk_.let_go();
  EXPECT_EQ(cut({}).outcome, Outcome::done);
  disk_.sync_error = 0;
  EXPECT_EQ(sync().outcome, Outcome::done);
  EXPECT_EQ(disk_.count("rename " + path() + ".new"), 2);  // when it was opened, and now
  EXPECT_EQ(on_disk().last(), 1);
}

TEST_F(Store, CutsAgainWhatCouldNotBeSynced) {
  reopen();
  tests::write_file(dir_ / "file", "12345");
  disk_.sync_error = EIO;
  EXPECT_EQ(cut({{dir_ / "file", 2, {}}}).reason, dir_ / "file: cannot be synced: Input/output error");
  disk_.sync_error = 0;
  EXPECT_EQ(cut({{dir_ / "file", 2, {}}}).outcome, Outcome::done);
  EXPECT_EQ(read_file(dir_ / "file"), "12");
  EXPECT_EQ(disk_.open_now(), 1);  // the ledger
}

TEST_F(Store, IsMadeAgainWhenSomebodyRemovesItsDirectory) {
  reopen();
  add(10);
  EXPECT_EQ(sync().outcome, Outcome::done);
  std::filesystem::remove_all(dir_ / "state");
  add(20);
  EXPECT_THAT(sync().reason, HasSubstr(": somebody has removed it; it is written anew"));
  EXPECT_EQ(sync().outcome, Outcome::done);
  EXPECT_EQ(on_disk().last(), 2);
  add(30);
  EXPECT_EQ(sync().outcome, Outcome::done);
  EXPECT_EQ(on_disk().last(), 3);
}

TEST_F(Store, CutsAndRemovesFilesDurablyAndLeavesThemToTheSinks) {
  reopen();
  tests::write_file(dir_ / "long", "12345");
  tests::write_file(dir_ / "gone", "12345");
  std::vector<Extent> files{{dir_ / "long", 2, {}}, {dir_ / "gone", 0, {}}, {dir_ / "no/file", 0, {}}};
  for (int i = 0; i < 50; ++i) {
    const auto path = dir_ / std::to_string(i);
    tests::write_file(path, "12345");
    files.push_back({path, 1, {}});
  }
  disk_.calls.clear();
  EXPECT_EQ(cut(files).outcome, Outcome::done);
  EXPECT_EQ(read_file(dir_ / "long"), "12");
  EXPECT_EQ(read_file(dir_ / "49"), "1");
  EXPECT_NE(::access((dir_ / "gone").c_str(), F_OK), 0);
  for (const auto& file : {"long", "0", "49"}) EXPECT_EQ(disk_.count("fdatasync " + dir_ / file), 1);
  EXPECT_EQ(disk_.count("fsync " + (dir_ / "").substr(0, (dir_ / "").size() - 1)), 1);
  EXPECT_EQ(disk_.open_now(), 1);  // the ledger
  EXPECT_LE(disk_.most_open(), 20);
}

TEST_F(Store, WarnsOfAFileThatIsMissingOrShorterAndGoesOn) {
  reopen();
  tests::write_file(dir_ / "short", "12345");
  tests::write_file(dir_ / "long", "12345");
  testing::internal::CaptureStderr();
  EXPECT_EQ(cut({{dir_ / "short", 9, {}}, {dir_ / "missing", 1, {}}, {dir_ / "long", 2, {}}}).outcome,
            Outcome::done);
  const auto log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("flow archive: " + dir_ / "short: is missing, or shorter than the 9 bytes"));
  EXPECT_THAT(log, HasSubstr("flow archive: " + dir_ / "missing: is missing, or shorter than the 1 bytes"));
  EXPECT_EQ(read_file(dir_ / "short"), "12345");
  EXPECT_EQ(read_file(dir_ / "long"), "12");
}

TEST_F(Store, SaysWhatItCuts) {
  reopen();
  tests::write_file(dir_ / "long", "12345");
  tests::write_file(dir_ / "right", "12345");
  testing::internal::CaptureStderr();
  EXPECT_EQ(cut({{dir_ / "long", 2, {}}, {dir_ / "right", 5, {}}}).outcome, Outcome::done);
  const auto log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr(dir_ / "long: cut from 5 to 2 bytes"));
  EXPECT_THAT(log, Not(HasSubstr("right")));
}

TEST_F(Store, RefusesAFileOfWhichAnotherLedgerSpeaksUntilThatOneIsGone) {
  reopen();
  add(10);
  EXPECT_EQ(sync().outcome, Outcome::done);
  const auto of_the_other = path();
  store_.emplace(LedgerStoreParams{"renamed", "group", dir_ / "state"}, loop_.get_executor(), clock_, disk_);
  EXPECT_EQ(open().outcome, Outcome::done);
  const auto see_free = [&](std::vector<std::string> files) {
    return tests::run(loop_, store_->see_free(std::move(files), patient_));
  };
  EXPECT_EQ(see_free({"/out/1"}).outcome, Outcome::done);
  const auto result = see_free({"/out/1", "/out/0"});
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_THAT(result.reason, HasSubstr("/out/0: " + of_the_other + " speaks of this file too"));
  std::filesystem::remove(of_the_other);
  EXPECT_EQ(see_free({"/out/0"}).outcome, Outcome::done);
}

TEST_F(Store, GoesOnWithACutThatFailed) {
  reopen();
  tests::write_file(dir_ / "a", "12345");
  ASSERT_EQ(::mkdir((dir_ / "b").c_str(), 0700), 0);
  const std::vector<Extent> files{{dir_ / "a", 2, {}}, {dir_ / "b", 2, {}}};
  const auto result = cut(files);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.reason, dir_ / "b: Is a directory; move it away");
  ASSERT_EQ(::rmdir((dir_ / "b").c_str()), 0);
  tests::write_file(dir_ / "b", "12345");
  EXPECT_EQ(cut(files).outcome, Outcome::done);
  EXPECT_EQ(read_file(dir_ / "b"), "12");
  EXPECT_EQ(disk_.count("fdatasync " + dir_ / "a"), 1);
  EXPECT_EQ(disk_.open_now(), 1);
}

TEST_F(Store, EndsWith75WhenAnotherProcessWritesAFileThatIsToBeCut) {
  reopen();
  disk::OutputFiles other(disk_, {});
  other.open(dir_ / "file");
  EXPECT_EQ(exit_code([&] { cut({{dir_ / "file", 0, {}}}); }), 75);
}

TEST(MakeLedgerStore, WorksOnTheRealDisk) {
  const tests::TemporaryDirectory dir;
  async::asio::io_context loop;
  flow::RealClock clock;
  flow::Hurry patient;
  auto store = make_ledger_store({"archive", "group", dir / "state"}, loop.get_executor(), clock);
  EXPECT_EQ(tests::run(loop, store->open("cluster", patient)).outcome, Outcome::done);
  store->add(store->ledger().next());
  EXPECT_EQ(tests::run(loop, store->sync(patient)).outcome, Outcome::done);
  store = make_ledger_store({"archive", "group", dir / "state"}, loop.get_executor(), clock);
}

}  // namespace
}  // namespace runnel::sinks
