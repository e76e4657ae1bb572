#include "sinks/file.hpp"

#include "support/fake_disk.hpp"
#include "support/records.hpp"
#include "support/run.hpp"
#include "support/temporary_directory.hpp"

#include <runnel/flow/broken.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <csignal>
#include <functional>
#include <optional>

namespace runnel::sinks {
namespace {

using delivery::Extent;
using delivery::Partition;
using flow::Outcome;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using tests::read_file;

class File : public testing::Test {
 protected:
  void open(const std::string& path, std::string format = "raw", std::size_t most = 64, unsigned idle = 300) {
    FileOptions options;
    options.path = path;
    options.format = std::move(format);
    descriptors_.share(most);
    const Context context{"files", "flow", loop_.get_executor(), clock_, {}, &descriptors_};
    sink_.emplace(options, context, disk_, idle);
  }

  flow::Delivered deliver_once(const delivery::Batch& batch) {
    flow::Hurry patient;
    auto result = tests::run(loop_, sink_->deliver(batch, patient));
    for (const auto& extent : result.extents) announced_.push_back(text_of(extent));
    return result;
  }
  flow::Delivered deliver(const delivery::Batch& batch) {
    auto result = deliver_once(batch);
    if (result.outcome == Outcome::unannounced) result = deliver_once(batch);
    return result;
  }

  // The disk hangs in its first write, and the deadline comes while it does.
  void deliver_late(const delivery::Batch& batch) {
    flow::Hurry hurry;
    const auto room = std::exchange(disk_.room, 0);
    EXPECT_EQ(deliver(batch).outcome, Outcome::failed);  // its file is announced by now
    disk_.room = room;
    disk_.hang();
    auto delivering = tests::start(loop_, sink_->deliver(batch, hurry));
    disk_.await_write();
    hurry.no_later_than(clock_.now());
    EXPECT_EQ(tests::finish(loop_, delivering).outcome, Outcome::late);
  }

  flow::Delivered prepare() {
    flow::Hurry patient;
    return tests::run(loop_, sink_->prepare(patient));
  }

  flow::Delivered give_up(std::vector<Partition> partitions) {
    flow::Hurry patient;
    return tests::run(loop_, sink_->give_up(partitions, patient));
  }

  void stop() {
    flow::Hurry patient;
    tests::run(loop_, sink_->stop(patient));
  }

  // "FILE LENGTH topic/0 topic/1"
  static std::string text_of(const Extent& extent) {
    auto line = std::filesystem::path(extent.file).filename().string();
    line += " " + std::to_string(extent.length);
    for (const auto& [topic, number] : extent.partitions) line += " " + topic + "/" + std::to_string(number);
    return line;
  }
  std::vector<std::string> extents() {
    std::vector<std::string> lines;
    for (const auto& extent : prepare().extents) lines.push_back(text_of(extent));
    return lines;
  }

  tests::TemporaryDirectory dir_;
  tests::FakeDisk disk_;
  async::asio::io_context loop_;
  flow::RealClock clock_;
  tests::Records records_;
  Descriptors descriptors_;
  std::optional<FileSink> sink_;
  std::vector<std::string> announced_;
};

const std::string mebibyte(1 << 20, 'x');

TEST_F(File, HoldsEveryByteOfEveryRecord) {
  open(dir_ / "a/b/{topic}-{partition}.log");
  std::string expected;
  const auto add = [&](const std::string& value) {
    records_.add(value);
    expected += value + "\n";
  };
  records_.in("orders", 7);
  add("one");
  add(std::string("\0\x1b[2J\xff\r\n\n", 9));
  add("");
  records_.add(std::nullopt);
  expected += "\n";
  add("two\nlines");
  add(mebibyte);
  for (int i = 0; i < 20'000; ++i)
    add(std::to_string(i) + std::string(static_cast<std::size_t>(i % 200), 'v'));
  EXPECT_EQ(deliver(records_.take()).outcome, Outcome::done);
  EXPECT_TRUE(read_file(dir_ / "a/b/orders-7.log") == expected);
}

TEST_F(File, GetsOneWriteABatchHoweverPartitionsAreInterleaved) {
  open(dir_ / "{topic}-{partition}");
  std::map<int, std::string> expected;
  for (int i = 0; i < 100; ++i) {
    const int partition = i * 7 % 3;
    records_.in("t", partition).add("value " + std::to_string(i));
    expected[partition] += "value " + std::to_string(i) + "\n";
  }
  EXPECT_EQ(deliver(records_.take()).outcome, Outcome::done);
  for (const auto& [partition, text] : expected)
    EXPECT_EQ(read_file(dir_ / ("t-" + std::to_string(partition))), text);
  EXPECT_EQ(disk_.calls.size(), 3);
}

TEST_F(File, MayBeSharedByPartitionsAndKeepsTheirOrder) {
  open(dir_ / "{topic}");
  for (int i = 0; i < 6; ++i) records_.in("t", i % 2).add(std::to_string(i));
  EXPECT_EQ(deliver(records_.take()).outcome, Outcome::done);
  EXPECT_EQ(read_file(dir_ / "t"), "0\n1\n2\n3\n4\n5\n");
  EXPECT_THAT(extents(), testing::ElementsAre("t 12 t/0 t/1"));
}

TEST_F(File, IsNamedByTheTimeOfTheRecord) {
  open(dir_ / "{utc:%Y-%m-%dT%H}");
  const std::int64_t hour = 3'600'000;
  records_.add("a", std::nullopt, 0).add("b", std::nullopt, hour - 1).add("c", std::nullopt, hour);
  records_.add("d", std::nullopt, 1).add("e", std::nullopt, 470'000 * hour);
  EXPECT_EQ(deliver(records_.take()).outcome, Outcome::done);
  EXPECT_EQ(read_file(dir_ / "1970-01-01T00"), "a\nb\nd\n");
  EXPECT_EQ(read_file(dir_ / "1970-01-01T01"), "c\n");
  EXPECT_EQ(read_file(dir_ / "2023-08-14T08"), "e\n");
}

TEST_F(File, GoesByTheMomentWhenARecordHasNoTime) {
  open(dir_ / "{utc:%Y}");
  EXPECT_EQ(deliver(records_.add("x").take()).outcome, Outcome::done);
  EXPECT_NE(::access((dir_ / "1970").c_str(), F_OK), 0);
}

TEST_F(File, TakesShortWritesAsTheyCome) {
  open(dir_ / "file");
  disk_.at_most = 3;
  EXPECT_EQ(deliver(records_.add("hello").add("world").take()).outcome, Outcome::done);
  EXPECT_EQ(read_file(dir_ / "file"), "hello\nworld\n");
}

TEST_F(File, GoesOnAtTheByteWhenAFullDiskHasRoomAgain) {
  for (const int error : {ENOSPC, EIO, EDQUOT}) {
    open(dir_ / (std::to_string(error) + "/{partition}"));
    records_.in("t", 0).add("first").in("t", 1).add("second").add("third");
    const auto batch = records_.take();
    disk_.full = error;
    for (const std::size_t room : {0, 3, 1, 0, 8, 2}) {
      disk_.room = room;
      const auto result = deliver(batch);
      EXPECT_EQ(result.outcome, Outcome::failed);
      EXPECT_THAT(result.reason, HasSubstr(dir_ / std::to_string(error)));
      EXPECT_THAT(result.reason, HasSubstr(std::strerror(error)));
    }
    disk_.room = 1000;
    EXPECT_EQ(deliver(batch).outcome, Outcome::done);
    EXPECT_EQ(read_file(dir_ / (std::to_string(error) + "/0")), "first\n");
    EXPECT_EQ(read_file(dir_ / (std::to_string(error) + "/1")), "second\nthird\n");
  }
}

TEST_F(File, CountsNothingOfABatchThatIsNotWhole) {
  open(dir_ / "{partition}");
  EXPECT_EQ(deliver(records_.in("t", 0).add("whole").take()).outcome, Outcome::done);
  records_.in("t", 0).add("more").in("t", 1).add("other");
  const auto batch = records_.take();
  disk_.room = 7;
  EXPECT_EQ(deliver(batch).outcome, Outcome::failed);
  EXPECT_THAT(extents(), testing::ElementsAre("0 6 t/0"));
  disk_.room = 100;
  EXPECT_EQ(deliver(batch).outcome, Outcome::done);
  EXPECT_THAT(extents(), testing::ElementsAre("0 11 t/0", "1 6 t/1"));
  EXPECT_TRUE(extents().empty());
}

TEST_F(File, TakesAGivenUpBatchBack) {
  open(dir_ / "{partition}");
  EXPECT_EQ(deliver(records_.in("t", 0).add("whole").take()).outcome, Outcome::done);
  disk_.room = 8;
  EXPECT_EQ(deliver(records_.in("t", 0).add("abc").in("t", 1).add("given up").take()).outcome,
            Outcome::failed);
  EXPECT_EQ(read_file(dir_ / "0"), "whole\nabc\n");
  disk_.room = 100;
  EXPECT_EQ(deliver(records_.in("t", 0).add("rewound").take()).outcome, Outcome::done);
  EXPECT_EQ(read_file(dir_ / "0"), "whole\nrewound\n");
  EXPECT_EQ(read_file(dir_ / "1"), "");
}

TEST_F(File, IsLateWhileTheDiskHangsAndDoublesNothingAfterwards) {
  open(dir_ / "file");
  EXPECT_EQ(deliver(records_.add("whole").take()).outcome, Outcome::done);
  const auto batch = records_.add(mebibyte).add("the rest").take();
  deliver_late(batch);
  flow::Hurry hurry;
  hurry.no_later_than(clock_.now());
  EXPECT_EQ(tests::run(loop_, sink_->deliver(batch, hurry)).outcome, Outcome::late);  // still hangs
  EXPECT_EQ(tests::run(loop_, sink_->prepare(hurry)).outcome, Outcome::late);
  tests::run(loop_, sink_->stop(hurry));
  disk_.let_go();
  EXPECT_EQ(deliver(records_.add("rewound").take()).outcome, Outcome::done);
  EXPECT_EQ(read_file(dir_ / "file"), "whole\nrewound\n");
}

TEST_F(File, DoesNotCountALateBatchThoughItsLastByteIsWritten) {
  open(dir_ / "file");
  deliver_late(records_.add("given up").take());
  disk_.let_go();
  EXPECT_TRUE(extents().empty());
  EXPECT_EQ(read_file(dir_ / "file"), "given up\n");
  EXPECT_EQ(deliver(records_.add("rewound").take()).outcome, Outcome::done);
  EXPECT_EQ(read_file(dir_ / "file"), "rewound\n");
  EXPECT_THAT(extents(), testing::ElementsAre("file 8 topic/0"));
}

TEST_F(File, GoesOnWhenTheLateBatchItselfComesAgain) {
  open(dir_ / "file");
  const auto batch = records_.add(mebibyte).add("end").take();
  deliver_late(batch);
  disk_.let_go();
  EXPECT_EQ(deliver(batch).outcome, Outcome::done);
  EXPECT_TRUE(read_file(dir_ / "file") == mebibyte + "\nend\n");
}

TEST_F(File, IsSyncedWithItsDirectoriesByPrepare) {
  open(dir_ / "new/file");
  EXPECT_EQ(deliver(records_.add("x").take()).outcome, Outcome::done);
  EXPECT_EQ(disk_.count("fdatasync " + dir_ / "new/file"), 0);
  EXPECT_EQ(prepare().outcome, Outcome::done);
  EXPECT_EQ(disk_.count("fdatasync " + dir_ / "new/file"), 1);
  EXPECT_EQ(disk_.count("fsync " + dir_ / "new"), 1);
}

TEST_F(File, IsUnsureWhenASyncFailsAndIsSureAgainOnceItWasGivenUp) {
  open(dir_ / "file");
  EXPECT_EQ(deliver(records_.add("x").take()).outcome, Outcome::done);
  disk_.sync_error = EIO;
  const auto result = prepare();
  EXPECT_EQ(result.outcome, Outcome::unsure);
  EXPECT_EQ(result.reason, dir_ / "file: cannot be synced: Input/output error");
  EXPECT_TRUE(result.extents.empty());
  EXPECT_EQ(give_up({{"topic", 0}}).outcome, Outcome::done);
  EXPECT_EQ(disk_.open_now(), 0);
  disk_.sync_error = 0;
  EXPECT_EQ(::truncate((dir_ / "file").c_str(), 0), 0);  // the ledger's part
  EXPECT_EQ(deliver(records_.add("x").take()).outcome, Outcome::done);
  EXPECT_THAT(extents(), testing::ElementsAre("file 2 topic/0"));
}

TEST_F(File, IsUnsureWhenItsDirectoryCannotBeSynced) {
  open(dir_ / "new/file");
  EXPECT_EQ(deliver(records_.add("x").take()).outcome, Outcome::done);
  disk_.directory_error = EIO;
  EXPECT_EQ(prepare().outcome, Outcome::unsure);
}

TEST_F(File, IsUnsureWhenAFileThatMakesRoomForAnotherCannotBeSynced) {
  open(dir_ / "{partition}", "raw", 1);
  EXPECT_EQ(deliver(records_.in("t", 0).add("x").take()).outcome, Outcome::done);
  disk_.sync_error = EIO;
  const auto result = deliver(records_.in("t", 1).add("y").take());
  EXPECT_EQ(result.outcome, Outcome::unsure);
  EXPECT_EQ(result.reason, dir_ / "0: cannot be synced: Input/output error");
}

TEST_F(File, IsUnsureAfterASyncThatFailedWhenNobodyWaitedAnyMore) {
  open(dir_ / "file");
  EXPECT_EQ(deliver(records_.add("x").take()).outcome, Outcome::done);
  disk_.sync_error = EIO;
  flow::Hurry hurry;
  hurry.no_later_than(clock_.now());
  EXPECT_EQ(tests::run(loop_, sink_->prepare(hurry)).outcome, Outcome::late);
  EXPECT_EQ(prepare().outcome, Outcome::unsure);
  EXPECT_EQ(give_up({}).outcome, Outcome::done) << "it is told once";
}

TEST_F(File, ReportsAnExtentAgainWhenPrepareWasLate) {
  open(dir_ / "file");
  EXPECT_EQ(deliver(records_.add("x").take()).outcome, Outcome::done);
  flow::Hurry hurry;
  hurry.no_later_than(clock_.now());
  EXPECT_EQ(tests::run(loop_, sink_->prepare(hurry)).outcome, Outcome::late);
  EXPECT_THAT(extents(), testing::ElementsAre("file 2 topic/0"));
}

TEST_F(File, AsksForANewFileToBeAnnouncedBeforeItsFirstByte) {
  tests::write_file(dir_ / "1", "old\n");
  open(dir_ / "{partition}");
  records_.in("t", 0).add("a").in("t", 1).add("b");
  const auto batch = records_.take();
  EXPECT_EQ(deliver_once(batch).outcome, Outcome::unannounced);
  EXPECT_EQ(read_file(dir_ / "0") + read_file(dir_ / "1"), "old\n");
  EXPECT_EQ(deliver_once(batch).outcome, Outcome::done);
  EXPECT_EQ(deliver_once(records_.in("t", 1).add("c").take()).outcome, Outcome::done);
  EXPECT_THAT(announced_, testing::ElementsAre("0 0 t/0", "1 4 t/1"));
}

TEST_F(File, AsksAgainForAnotherBatch) {
  open(dir_ / "file");
  EXPECT_EQ(deliver_once(records_.add("given up").take()).outcome, Outcome::unannounced);
  EXPECT_EQ(deliver_once(records_.add("x").take()).outcome, Outcome::unannounced);
}

TEST_F(File, AsksAgainForAFileThatSomebodyHasChanged) {
  open(dir_ / "file");
  EXPECT_EQ(deliver(records_.add("x").take()).outcome, Outcome::done);
  tests::write_file(dir_ / "file", "not ours\n");
  EXPECT_EQ(deliver_once(records_.add("y").take()).outcome, Outcome::unannounced);
  EXPECT_THAT(announced_, testing::ElementsAre("file 0 topic/0", "file 9 topic/0"));
}

TEST_F(File, AsksAgainForAFileThatSomebodyHasMoved) {
  open(dir_ / "file");
  EXPECT_EQ(deliver(records_.add("x").take()).outcome, Outcome::done);
  std::filesystem::rename(dir_ / "file", dir_ / "file.1");
  EXPECT_EQ(deliver_once(records_.add("y").take()).outcome, Outcome::unannounced);
  EXPECT_THAT(announced_, testing::ElementsAre("file 0 topic/0", "file 0 topic/0"));
}

TEST_F(File, IsLockedFromTheMomentItsPartitionIsOurs) {
  tests::write_file(dir_ / "0", "old\n");
  open(dir_ / "{partition}");
  flow::Hurry patient;
  const std::vector<Partition> ours{{"t", 0}, {"t", 1}};
  EXPECT_EQ(tests::run(loop_, sink_->take(ours, patient)).outcome, Outcome::done);
  EXPECT_NE(::access((dir_ / "1").c_str(), F_OK), 0) << "nothing is made before there is a record";
  disk::OutputFiles other(disk_, {});
  EXPECT_THROW(other.open(dir_ / "0"), disk::Locked);
  EXPECT_EQ(give_up(ours).outcome, Outcome::done);
  EXPECT_NO_THROW(other.open(dir_ / "0"));
}

TEST_F(File, IsLetGoWithThePartitionsThatWroteIt) {
  open(dir_ / "{topic}");
  records_.in("a", 0).add("x").in("a", 1).add("x").in("b", 0).add("x");
  EXPECT_EQ(deliver(records_.take()).outcome, Outcome::done);
  disk::OutputFiles other(disk_, {});
  EXPECT_EQ(give_up({{"a", 0}, {"b", 0}}).outcome, Outcome::done);
  EXPECT_NO_THROW(other.open(dir_ / "b"));
  EXPECT_THROW(other.open(dir_ / "a"), disk::Locked);
  EXPECT_EQ(give_up({{"a", 1}, {"a", 0}}).outcome, Outcome::done);
  EXPECT_NO_THROW(other.open(dir_ / "a"));
}

TEST_F(File, IsNotTakenForAnnouncedWhenAnotherOneCouldNotBeOpened) {
  open(dir_ / "{partition}");
  std::filesystem::create_directory(dir_ / "1");
  const auto batch = records_.in("t", 0).add("x").in("t", 1).add("x").take();
  EXPECT_EQ(deliver_once(batch).outcome, Outcome::failed);
  std::filesystem::remove(dir_ / "1");
  const auto again = deliver_once(batch);
  EXPECT_EQ(again.outcome, Outcome::unannounced);
  EXPECT_EQ(again.extents.size(), 2u);
}

TEST_F(File, IsAnnouncedAnewAfterItWasLetGoAlsoWhenItWasClosedToMakeRoom) {
  open(dir_ / "{partition}", "raw", 1);
  records_.in("t", 0).add("x").in("t", 1).add("x");
  EXPECT_EQ(deliver(records_.take()).outcome, Outcome::done);
  EXPECT_EQ(give_up({{"t", 0}, {"t", 1}}).outcome, Outcome::done);
  records_.in("t", 0).add("y").in("t", 1).add("y");
  const auto again = deliver_once(records_.take());
  EXPECT_EQ(again.outcome, Outcome::unannounced);
  EXPECT_EQ(again.extents.size(), 2u);
}

TEST_F(File, IsLetGoWithoutABatchThatWasGivenUp) {
  open(dir_ / "file");
  EXPECT_EQ(deliver(records_.add("whole").take()).outcome, Outcome::done);
  disk_.room = 3;
  const auto batch = records_.add("more").take();
  EXPECT_EQ(deliver(batch).outcome, Outcome::failed);
  EXPECT_EQ(give_up({{"topic", 0}}).outcome, Outcome::done);
  EXPECT_EQ(read_file(dir_ / "file"), "whole\n");
  EXPECT_TRUE(extents().empty());  // what it held of them is the next owner's to count
  disk_.room = 100;
  EXPECT_EQ(deliver(batch).outcome, Outcome::done);
  EXPECT_EQ(read_file(dir_ / "file"), "whole\nmore\n");
}

TEST_F(File, IsLetGoOnceThatABatchWasTakenBackIsDurable) {
  open(dir_ / "file");
  EXPECT_EQ(deliver(records_.add("whole").take()).outcome, Outcome::done);
  EXPECT_EQ(prepare().outcome, Outcome::done);
  disk_.room = 3;
  EXPECT_EQ(deliver(records_.add("more").take()).outcome, Outcome::failed);
  disk_.calls.clear();
  EXPECT_EQ(give_up({{"topic", 0}}).outcome, Outcome::done);
  EXPECT_EQ(disk_.count("fdatasync " + dir_ / "file"), 1u);
}

TEST_F(File, IsLetGoAtTheEndWithoutABatchThatWasGivenUp) {
  open(dir_ / "file");
  EXPECT_EQ(deliver(records_.add("whole").take()).outcome, Outcome::done);
  deliver_late(records_.add("given up").take());
  disk_.let_go();
  stop();
  EXPECT_EQ(read_file(dir_ / "file"), "whole\n");
  EXPECT_EQ(disk_.open_now(), 0);
}

TEST_F(File, HasOneWriterAndTheSecondExitsWith75) {
  open(dir_ / "file");
  disk::OutputFiles other(disk_, {});
  other.open(dir_ / "file");
  try {
    deliver(records_.add("x").take());
    FAIL() << "two writers";
  } catch (const flow::Broken& broken) {
    EXPECT_EQ(broken.exit_code, 75);
    EXPECT_THAT(broken.what(), HasSubstr("writes it already"));
  }
}

TEST_F(File, CanBeMoreThanMayBeOpen) {
  open(dir_ / "{partition}", "raw", 3);
  std::vector<std::string> expected(40);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 40; ++i) {
      records_.in("t", i).add(std::to_string(round * i));
      expected[static_cast<std::size_t>(i)] += std::to_string(round * i) + "\n";
    }
    EXPECT_EQ(deliver(records_.take()).outcome, Outcome::done);
  }
  disk_.room = 100;  // a batch that is taken back from files that are closed by now
  for (int i = 0; i < 40; ++i) records_.in("t", i).add("given up");
  EXPECT_EQ(deliver(records_.take()).outcome, Outcome::failed);
  disk_.room = 100'000;
  EXPECT_EQ(deliver(records_.in("t", 0).add("rewound").take()).outcome, Outcome::done);
  expected[0] += "rewound\n";
  for (std::size_t i = 0; i < 40; ++i) EXPECT_EQ(read_file(dir_ / std::to_string(i)), expected[i]);
  EXPECT_EQ(disk_.most_open(), 3);
  EXPECT_EQ(extents().size(), 40);
}

TEST_F(File, IsClosedWhenItsTimeIsOver) {
  open(dir_ / "{utc:%H}");
  EXPECT_EQ(deliver(records_.add("x", std::nullopt, 0).take()).outcome, Outcome::done);
  for (int i = 0; i < 301; ++i) {
    EXPECT_EQ(disk_.open_now(), 1);
    EXPECT_TRUE(prepare().closed.empty() == (i < 300));
  }
  EXPECT_EQ(disk_.open_now(), 0);
}

TEST_F(File, IsReportedAsClosedWhenItsTimeIsOverAlsoIfItWasClosedToMakeRoom) {
  open(dir_ / "{utc:%H}", "raw", 1, 2);
  constexpr std::int64_t hour = 3'600'000;
  EXPECT_EQ(deliver(records_.add("x", std::nullopt, 0).take()).outcome, Outcome::done);
  std::vector<std::vector<std::string>> closed;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(deliver(records_.add("y", std::nullopt, hour).take()).outcome, Outcome::done);
    closed.push_back(prepare().closed);
  }
  EXPECT_THAT(closed, ElementsAre(IsEmpty(), IsEmpty(), ElementsAre(dir_ / "00")));
  const auto again = deliver_once(records_.add("late", std::nullopt, 0).take());
  EXPECT_EQ(again.outcome, Outcome::unannounced);
}

// Its file holds bytes that may have to be taken back, and only who knows it does that after a crash.
TEST_F(File, IsNotReportedAsClosedAmidABatch) {
  open(dir_ / "{utc:%H}", "raw", 64, 1);
  disk_.room = 3;
  const auto batch = records_.add("more", std::nullopt, 0).take();
  EXPECT_EQ(deliver(batch).outcome, Outcome::failed);
  for (int i = 0; i < 5; ++i) EXPECT_THAT(prepare().closed, IsEmpty());
  disk_.room = 100;
  EXPECT_EQ(deliver(batch).outcome, Outcome::done);
  EXPECT_EQ(read_file(dir_ / "00"), "more\n");
}

TEST_F(File, FailsWhileSomethingElseStandsInItsWay) {
  open(dir_ / "file");
  ASSERT_EQ(::mkdir((dir_ / "file").c_str(), 0700), 0);
  const auto batch = records_.add("x").take();
  EXPECT_EQ(deliver(batch).reason, dir_ / "file: Is a directory; move it away");
  ASSERT_EQ(::rmdir((dir_ / "file").c_str()), 0);
  EXPECT_EQ(deliver(batch).outcome, Outcome::done);
  EXPECT_EQ(read_file(dir_ / "file"), "x\n");
}

// No fake here: the kernel itself takes a part of the write and refuses the rest.
void fills_up(const std::function<flow::Delivered(const delivery::Batch&)>& deliver, const std::string& path,
              const std::function<void()>& make_room, int error) {
  tests::Records records;
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    const auto value = std::to_string(i) + std::string(100, 'v');
    records.add(value);
    expected += value + "\n";
  }
  const auto batch = records.take();
  const auto result = deliver(batch);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.reason, path + ": " + std::strerror(error) + disk::advice(error));
  EXPECT_GT(read_file(path).size(), 0);
  make_room();
  EXPECT_EQ(deliver(batch).outcome, Outcome::done);
  EXPECT_TRUE(read_file(path) == expected);
}

TEST_F(File, HealsWhenARealLimitIsRaised) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  auto low = before;
  low.rlim_cur = 100'001;
  ::setrlimit(RLIMIT_FSIZE, &low);
  open(dir_ / "file");
  fills_up([&](const auto& batch) { return deliver(batch); }, dir_ / "file",
           [&] { ::setrlimit(RLIMIT_FSIZE, &before); }, EFBIG);
}

TEST_F(File, HealsWhenARealFullDiskHasRoom) {
  ASSERT_EQ(::mkdir((dir_ / "disk").c_str(), 0700), 0);
  if (::mount("tmpfs", (dir_ / "disk").c_str(), "tmpfs", 0, "size=1m") != 0)
    GTEST_SKIP() << "needs the right to mount; HealsWhenARealLimitIsRaised shows the same";
  tests::write_file(dir_ / "disk/ballast", std::string(900'000, 'b'));
  open(dir_ / "disk/file");
  fills_up([&](const auto& batch) { return deliver(batch); }, dir_ / "disk/file",
           [&] { ::unlink((dir_ / "disk/ballast").c_str()); }, ENOSPC);
  stop();
  EXPECT_EQ(::umount((dir_ / "disk").c_str()), 0);
}

}  // namespace
}  // namespace runnel::sinks
