#include "support/fake_disk.hpp"
#include "support/temporary_directory.hpp"

#include <runnel/disk/output_files.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace runnel::disk {
namespace {

using testing::HasSubstr;

class Files : public testing::Test {
 protected:
  void write(const std::string& path, std::string_view bytes) {
    EXPECT_EQ(files_.write(files_.open(path), bytes), bytes.size());
  }

  std::string refusal(const std::string& path) {
    try {
      files_.open(path);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  tests::TemporaryDirectory dir_;
  tests::FakeDisk disk_;
  OutputFiles files_{disk_, {.mode = 0640, .most = 4}};
};

mode_t mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}

TEST_F(Files, AreMadeWithTheirDirectoriesAndTheUmaskHolds) {
  const auto umask = ::umask(0027);
  write(dir_ / "a/b/file", "text");
  EXPECT_EQ(mode_of(dir_ / "a/b/file"), 0640);
  EXPECT_EQ(mode_of(dir_ / "a/b"), 0750);
  ::umask(0077);
  write(dir_ / "c/file", "text");
  EXPECT_EQ(mode_of(dir_ / "c/file"), 0600);
  EXPECT_EQ(mode_of(dir_ / "c"), 0700);
  ::umask(umask);
}

TEST_F(Files, AreAppendedTo) {
  tests::write_file(dir_ / "file", "before\n");
  EXPECT_EQ(files_.open(dir_ / "file").length, 7);
  write(dir_ / "file", "after\n");
  EXPECT_EQ(tests::read_file(dir_ / "file"), "before\nafter\n");
}

TEST_F(Files, MustBeRegular) {
  ASSERT_EQ(::mkdir((dir_ / "directory").c_str(), 0700), 0);
  ASSERT_EQ(::mkfifo((dir_ / "fifo").c_str(), 0600), 0);
  tests::write_file(dir_ / "target", "");
  ASSERT_EQ(::symlink((dir_ / "target").c_str(), (dir_ / "link").c_str()), 0);
  ASSERT_EQ(::symlink((dir_ / "nowhere").c_str(), (dir_ / "dangling").c_str()), 0);
  EXPECT_EQ(refusal(dir_ / "directory"), dir_ / "directory: Is a directory; move it away");
  EXPECT_EQ(refusal(dir_ / "fifo"), dir_ / "fifo: is not a regular file");
  EXPECT_THAT(refusal(dir_ / "link"), HasSubstr("link: is a symbolic link"));
  EXPECT_THAT(refusal(dir_ / "dangling"), HasSubstr("dangling: is a symbolic link"));
  EXPECT_EQ(refusal("/dev/null"), "/dev/null: is not a regular file");
  EXPECT_EQ(refusal(dir_ / "target/file"),
            dir_ / "target/file: Not a directory; move away the file that stands where a directory belongs");
  const int reader = ::open((dir_ / "fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  EXPECT_EQ(refusal(dir_ / "fifo"), dir_ / "fifo: is not a regular file");
  ::close(reader);
  EXPECT_EQ(disk_.open_now(), 0);
}

TEST_F(Files, MayLieBehindALinkToADirectory) {
  ASSERT_EQ(::mkdir((dir_ / "real").c_str(), 0700), 0);
  ASSERT_EQ(::symlink((dir_ / "real").c_str(), (dir_ / "link").c_str()), 0);
  write(dir_ / "link/file", "text");
  EXPECT_EQ(tests::read_file(dir_ / "real/file"), "text");
}

TEST_F(Files, AreNoMoreThanAllowedAndNoneLosesAByte) {
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 50; ++i) write(dir_ / std::to_string(i), "line " + std::to_string(round) + "\n");
  }
  EXPECT_EQ(disk_.most_open(), 4);
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(tests::read_file(dir_ / std::to_string(i)), "line 0\nline 1\nline 2\n");
}

TEST_F(Files, AreSyncedBeforeTheyAreClosedToMakeRoom) {
  for (int i = 0; i < 5; ++i) write(dir_ / std::to_string(i), "x");
  EXPECT_EQ(files_.find(dir_ / "0"), nullptr);  // the one unused for longest
  EXPECT_EQ(disk_.count("fdatasync " + dir_ / "0"), 1);
  EXPECT_EQ(disk_.count("fdatasync " + dir_ / "1"), 0);
}

TEST_F(Files, MakeDoWithFewerWhenTheProcessRunsOutOfDescriptors) {
  disk_.descriptors = 2;
  for (int i = 0; i < 5; ++i) write(dir_ / std::to_string(i), "x");
  EXPECT_EQ(disk_.open_now(), 2);
  disk_.descriptors = 0;
  files_.close_if([](const OutputFile&) { return true; });
  EXPECT_EQ(refusal(dir_ / "file"), dir_ / "file: Too many open files");
}

TEST_F(Files, AreMoreAgainWhenTheProcessHasMoreDescriptors) {
  files_.share(5);
  disk_.descriptors = 2;
  for (int i = 0; i < 5; ++i) write(dir_ / std::to_string(i), "x");
  disk_.descriptors = 100;
  for (int i = 0; i < 5; ++i) write(dir_ / std::to_string(i), "x");
  EXPECT_EQ(disk_.open_now(), 5);
}

TEST_F(Files, AreAsManyAsTheirShareFromTheNextThatIsOpened) {
  for (int i = 0; i < 4; ++i) write(dir_ / std::to_string(i), "x");
  files_.share(3);
  write(dir_ / "another", "x");
  EXPECT_EQ(disk_.open_now(), 3);
  files_.share(0);
  write(dir_ / "one more", "x");
  EXPECT_EQ(disk_.open_now(), 1);
}

TEST_F(Files, SpareHalfOfThemForOthersButNoneThatIsNotSynced) {
  files_.share(5);
  for (int i = 0; i < 5; ++i) write(dir_ / std::to_string(i), "x");
  files_.spare();
  EXPECT_EQ(disk_.open_now(), 5);
  files_.sync();
  write(dir_ / "0", "x");
  files_.spare();
  EXPECT_EQ(disk_.open_now(), 2);
  EXPECT_TRUE(files_.find(dir_ / "0"));
  EXPECT_TRUE(files_.find(dir_ / "4")) << "the one that was used last";
  files_.spare();
  EXPECT_EQ(disk_.open_now(), 1);
}

TEST_F(Files, AreNotSyncedWhileADirectoryCannotBeOpened) {
  write(dir_ / "a/file", "x");
  disk_.descriptors = disk_.open_now();
  EXPECT_THROW(files_.sync(), Error);
  disk_.descriptors = 100;
  files_.sync();
  EXPECT_EQ(disk_.count("fsync " + dir_ / "a"), 1);
}

TEST_F(Files, SyncTheirDirectoriesAlsoWhenSomebodyElseHasMadeThem) {
  std::filesystem::create_directory(dir_ / "a");
  tests::write_file(dir_ / "a/file", "of a process that died before it synced its directory");
  write(dir_ / "a/file", "x");
  files_.sync();
  EXPECT_EQ(disk_.count("fsync " + dir_ / "a"), 1);
}

TEST_F(Files, SyncWhatWasWrittenAndTheDirectoriesUpToTheRoot) {
  write(dir_ / "a/file", "x");
  files_.open(dir_ / "a/unwritten");
  files_.sync();
  EXPECT_EQ(disk_.count("fdatasync " + dir_ / "a/file"), 1);
  EXPECT_EQ(disk_.count("fdatasync " + dir_ / "a/unwritten"), 0);
  EXPECT_EQ(disk_.count("fsync " + dir_ / "a"), 1);
  EXPECT_EQ(disk_.count("fsync /tmp"), 1);
  EXPECT_EQ(disk_.count("fsync /"), 1);
  disk_.calls.clear();
  files_.sync();
  EXPECT_TRUE(disk_.calls.empty());
}

TEST_F(Files, AreAllSyncedAlsoThoseThatWereOpenedBeforeTheLastOne) {
  auto& file = files_.open(dir_ / "file");
  files_.sync();
  files_.write(file, "x");
  files_.open(dir_ / "other");
  files_.sync();
  EXPECT_EQ(disk_.count("fdatasync " + dir_ / "file"), 1);
}

TEST_F(Files, ThatASyncDidNotReachAreSyncedByTheNextOne) {
  for (int i = 0; i < 3; ++i) write(dir_ / std::to_string(i), "x");
  disk_.sync_error = EIO;
  EXPECT_THROW(files_.sync(), SyncFailed);  // of the one written last
  disk_.sync_error = 0;
  files_.sync();
  EXPECT_EQ(disk_.count("fdatasync " + dir_ / "0"), 1);
  EXPECT_EQ(disk_.count("fdatasync " + dir_ / "1"), 1);
}

TEST_F(Files, AreNeverSyncedAgainAfterASyncThatFailed) {
  write(dir_ / "file", "x");
  disk_.sync_error = EIO;
  EXPECT_THROW(files_.sync(), SyncFailed);
  EXPECT_EQ(files_.find(dir_ / "file"), nullptr);
  EXPECT_EQ(disk_.open_now(), 0);
}

TEST_F(Files, WhoseCutWasNotSyncedAreSyncedWithTheNextOne) {
  tests::write_file(dir_ / "file", "12345");
  EXPECT_TRUE(files_.truncate(dir_ / "file", 2));
  disk_.sync_error = EIO;
  EXPECT_THROW(files_.sync(), SyncFailed);
  disk_.sync_error = 0;
  disk_.calls.clear();
  EXPECT_TRUE(files_.truncate(dir_ / "file", 2));
  files_.sync();
  EXPECT_EQ(disk_.count("fdatasync " + dir_ / "file"), 1);
}

TEST_F(Files, TruncateToALengthAndSyncIt) {
  write(dir_ / "file", "12345");
  files_.sync();
  disk_.calls.clear();
  EXPECT_TRUE(files_.truncate(dir_ / "file", 2));
  EXPECT_EQ(tests::read_file(dir_ / "file"), "12");
  files_.sync();
  EXPECT_EQ(disk_.count("fdatasync " + dir_ / "file"), 1);
  EXPECT_FALSE(files_.truncate(dir_ / "file", 3));  // never made longer
  EXPECT_EQ(tests::read_file(dir_ / "file"), "12");
  EXPECT_FALSE(files_.truncate(dir_ / "no/such/file", 0));
  write(dir_ / "file", "345");
  EXPECT_EQ(tests::read_file(dir_ / "file"), "12345");
}

TEST_F(Files, RemoveAndSyncTheDirectory) {
  write(dir_ / "file", "12345");
  files_.sync();
  disk_.calls.clear();
  files_.remove(dir_ / "file");
  files_.remove(dir_ / "no/such/file");
  EXPECT_NE(::access((dir_ / "file").c_str(), F_OK), 0);
  files_.sync();
  EXPECT_EQ(disk_.count("fsync " + (dir_ / "file").substr(0, (dir_ / "file").rfind('/'))), 1);
}

// Whoever did it may have died before it was durable.
TEST_F(Files, ThatAreCutAndRemovedAlreadyAreSyncedAllTheSame) {
  tests::write_file(dir_ / "file", "123");
  EXPECT_TRUE(files_.truncate(dir_ / "file", 3));
  ASSERT_EQ(::mkdir((dir_ / "a").c_str(), 0700), 0);
  files_.remove(dir_ / "a/missing");
  files_.sync();
  EXPECT_EQ(disk_.count("fdatasync " + dir_ / "file"), 1);
  EXPECT_EQ(disk_.count("fsync " + dir_ / "a"), 1);
}

TEST_F(Files, ThatSomebodyMovedStayWithHimAndArePutOnTheDisk) {
  write(dir_ / "log", "old\n");
  ASSERT_EQ(::rename((dir_ / "log").c_str(), (dir_ / "log.1").c_str()), 0);
  write(dir_ / "log", "new\n");
  EXPECT_EQ(tests::read_file(dir_ / "log.1"), "old\n");
  EXPECT_EQ(tests::read_file(dir_ / "log"), "new\n");
  EXPECT_EQ(disk_.count("fdatasync " + dir_ / "log"), 1);
}

TEST_F(Files, GoByThePathWhenSomebodyPutAnotherFileThere) {
  write(dir_ / "log", "old\n");
  ASSERT_EQ(::rename((dir_ / "log").c_str(), (dir_ / "log.1").c_str()), 0);
  tests::write_file(dir_ / "log", "his\n");
  EXPECT_EQ(files_.open(dir_ / "log").length, 4);
  write(dir_ / "log", "new\n");
  EXPECT_EQ(tests::read_file(dir_ / "log.1"), "old\n");
  EXPECT_EQ(tests::read_file(dir_ / "log"), "his\nnew\n");
}

TEST_F(Files, AreMadeAnewWhenTheirDirectoryIsRemoved) {
  write(dir_ / "a/b/file", "old\n");
  std::filesystem::remove_all(dir_ / "a");
  write(dir_ / "a/b/file", "new\n");
  EXPECT_EQ(tests::read_file(dir_ / "a/b/file"), "new\n");
}

TEST_F(Files, AreMeasuredAgainWhenSomebodyCutThem) {
  write(dir_ / "file", "12345");
  ASSERT_EQ(::truncate((dir_ / "file").c_str(), 0), 0);
  EXPECT_EQ(files_.open(dir_ / "file").length, 0);
}

TEST_F(Files, HaveOneWriterEach) {
  write(dir_ / "file", "x");
  OutputFiles others(disk_, {});
  try {
    others.open(dir_ / "file");
    FAIL() << "opened twice";
  } catch (const Locked& error) {
    EXPECT_THAT(error.what(), HasSubstr(dir_ / "file: this process itself writes it already"));
  }
  EXPECT_THROW(others.remove(dir_ / "file"), Locked);
  files_.close_if([](const OutputFile&) { return true; });
  EXPECT_NO_THROW(others.open(dir_ / "file"));
}

TEST_F(Files, NameTheProcessThatWritesThem) {
  std::array<int, 2> ready{}, end{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  ASSERT_EQ(::pipe(end.data()), 0);
  const auto path = dir_ / "file";
  const auto child = ::fork();
  if (child == 0) {
    char byte = 0;
    ::close(end[1]);
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
    ::flock(fd, LOCK_EX);
    if (::write(ready[1], &byte, 1) == 1 && ::read(end[0], &byte, 1) == 0) ::_exit(0);
    ::_exit(1);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_THAT(refusal(path), HasSubstr("process " + std::to_string(child) + " (unit_disk_tests) writes it"));
  for (const int fd : {ready[0], ready[1], end[0], end[1]}) ::close(fd);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(refusal(path), "");  // a lock dies with its process
}

}  // namespace
}  // namespace runnel::disk
