#include "support/fake_disk.hpp"
#include "support/temporary_directory.hpp"

#include <runnel/delivery/ledger_file.hpp>
#include <runnel/disk/ledger_file.hpp>

#include <boost/crc.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <optional>

namespace runnel::disk {
namespace {

using delivery::Ledger;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// A small file system of its own over a directory, for as long as it lives; only root gets one.
struct Mounted {
  Mounted(std::string at, unsigned long flags, const char* options = nullptr)
      : path(std::move(at)), is_there(::mount("runnel-test", path.c_str(), "tmpfs", flags, options) == 0) {}
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;
  ~Mounted() {
    if (is_there) ::umount2(path.c_str(), MNT_DETACH);
  }

  const std::string path;
  const bool is_there;
};

class LedgerFiles : public testing::Test {
 protected:
  // The ledger that is there, or a new one.
  void open() {
    file_.reset();
    file_.emplace(disk_, params_);
    ledger_.emplace(file_->open());
    path_ = file_->path();
  }

  // Adds an entry: `topic/partition` has written its file up to `length`. What is appended for it.
  std::string entry(int partition, std::uint64_t length) {
    auto entry = ledger_->next();
    entry.places.push_back({{"t", partition}, static_cast<std::int64_t>(length), true});
    entry.files.push_back({"/out/" + std::to_string(partition), length, {{"t", partition}}});
    ledger_->add(entry);
    return to_text(ledger_->name(), entry);
  }

  // The sentence of what `call` throws, which is an Error and nothing that is derived from it.
  template <class Exception = Error, class Call>
  std::string refusal(Call call) {
    try {
      call();
    } catch (const Exception& error) {
      EXPECT_EQ(typeid(error), typeid(Exception)) << error.what();
      return error.what();
    }
    return "";
  }
  template <class Exception = Error>
  std::string refused_open() {
    return refusal<Exception>([&] { open(); });
  }

  // In a child: to standard error. Only root can become another user.
  void refused_as_nobody() {
    if (::setuid(65534) != 0) ::_exit(2);
    std::fputs(refused_open().c_str(), stderr);
    ::_exit(0);
  }

  static Ledger replayed(const std::string& bytes) {
    auto replayed = delivery::replay(bytes);
    EXPECT_EQ(replayed.outcome, delivery::Replayed::whole) << replayed.why;
    return std::move(replayed.ledger);
  }
  Ledger on_disk() const { return replayed(tests::read_file(path_)); }

  // The calls since the last time, without the path of the directory.
  std::vector<std::string> calls() {
    auto calls = std::exchange(disk_.calls, {});
    for (auto& call : calls)
      if (const auto at = call.find(params_.directory); at != std::string::npos)
        call.replace(at, params_.directory.size(), "DIR");
    return calls;
  }

  tests::TemporaryDirectory dir_;
  tests::FakeDisk disk_;
  LedgerParams params_{dir_ / "a/state", "archive", "Tq3hYx", "group"};
  std::optional<LedgerFile> file_;
  std::optional<Ledger> ledger_;
  std::string path_;
};

TEST_F(LedgerFiles, AreBegunWithTheirDirectoryAndAnIdOfTheirOwn) {
  const auto umask = ::umask(0);
  open();
  ::umask(umask);
  struct stat status {};
  EXPECT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640);
  EXPECT_EQ(::stat(params_.directory.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0750);
  EXPECT_EQ(on_disk().name(), ledger_->name());
  EXPECT_EQ(ledger_->name().cluster, "Tq3hYx");
  EXPECT_EQ(ledger_->name().group, "group");
  const auto first = ledger_->name().id;
  EXPECT_NE(first, 0);
  open();
  EXPECT_EQ(ledger_->name().id, first);  // the same one
  params_.flow = "other";
  open();
  EXPECT_NE(ledger_->name().id, first);
}

TEST_F(LedgerFiles, AreNamedByFlowClusterAndGroup) {
  params_.directory = "/state";
  const auto path = [&](const std::string& flow, const std::string& cluster, const std::string& group) {
    return LedgerFile(disk_, {"/state", flow, cluster, group}).path();
  };
  EXPECT_EQ(path("archive", "", ""), "/state/archive-d202ef8d.ledger");
  EXPECT_NE(path("archive", "ab", "c"), path("archive", "a", "bc"));
  EXPECT_NE(path("archive", "a", "b"), path("archive", "b", "a"));
  EXPECT_THAT(path("../\n%é", "", ""), StartsWith("/state/%2e.%2f%0a%25%c3%a9-"));
}

TEST_F(LedgerFiles, AreDurableBeforeTheFirstEntryCounts) {
  open();
  const auto ledger = path_.substr(path_.rfind('/'));
  EXPECT_THAT(calls(),
              ElementsAre("write DIR" + ledger + ".new", "fdatasync DIR" + ledger + ".new",
                          "rename DIR" + ledger + ".new", "fsync DIR", "fsync " + dir_ / "a",
                          "fsync " + (dir_ / "").substr(0, (dir_ / "").size() - 1), "fsync /tmp", "fsync /"));
  file_->append(entry(0, 10));
  EXPECT_THAT(calls().back(), StartsWith("fdatasync DIR"));
}

TEST_F(LedgerFiles, HoldEachEntryDurablyWhenItIsAppended) {
  open();
  calls();
  file_->append(entry(0, 10));
  EXPECT_EQ(disk_.calls,
            (std::vector{"write " + path_ + ".new", "fdatasync " + path_ + ".new"}));  // as it was opened
  EXPECT_EQ(on_disk().last(), 1);
  file_->append(entry(0, 20));
  open();
  EXPECT_EQ(ledger_->last(), 2);
  EXPECT_EQ(ledger_->position({"t", 0}), 20);
}

TEST_F(LedgerFiles, TakeShortWritesAsTheyCome) {
  disk_.at_most = 3;
  open();
  file_->append(entry(0, 10));
  EXPECT_EQ(on_disk().last(), 1);
}

TEST_F(LedgerFiles, LoseATornTailAndGoOn) {
  open();
  file_->append(entry(0, 10));
  const auto whole = tests::read_file(path_);
  const auto torn = entry(0, 20);
  for (const auto& tail : {torn.substr(0, 30), torn.substr(0, torn.size() - 1), std::string(500, '\0')}) {
    file_.reset();
    tests::write_file(path_, whole + tail);
    open();
    EXPECT_EQ(ledger_->last(), 1);
    EXPECT_EQ(on_disk().last(), 1);
    file_->append(entry(0, 30));
    EXPECT_EQ(on_disk().position({"t", 0}), 30);
  }
}

TEST_F(LedgerFiles, KeepNothingOfAnEntryThatHasNoRoomAndGoOnWithIt) {
  open();
  for (const int error : {ENOSPC, EDQUOT, EIO}) {
    const auto before = tests::read_file(path_);
    const auto text = entry(0, 10);
    disk_.full = error;
    for (const std::size_t room : {std::size_t{0}, std::size_t{5}, text.size() - 1}) {
      disk_.room = room;
      EXPECT_EQ(refusal([&] { file_->append(text); }),
                path_ + ": " + std::strerror(error) + (error == EIO ? "" : "; make room there"));
      EXPECT_EQ(tests::read_file(path_), before);
    }
    disk_.room = 10000;
    file_->append(text);
    EXPECT_EQ(tests::read_file(path_), before + text);
  }
}

TEST_F(LedgerFiles, LoseWhatABrokenAppendLeftAlsoWhenItCannotBeCutOffAtOnce) {
  struct : RealDisk {
    bool full = false;
    ssize_t write(int fd, const void* bytes, std::size_t size) override {
      if (!full) return RealDisk::write(fd, bytes, size);
      if (size > 5) return RealDisk::write(fd, bytes, size - 5);
      errno = EIO;
      return -1;
    }
    int ftruncate(int fd, off_t length) override {
      if (!full) return RealDisk::ftruncate(fd, length);
      errno = EIO;
      return -1;
    }
  } disk;
  LedgerFile file(disk, params_);
  ledger_.emplace(file.open());
  path_ = file.path();
  const auto before = tests::read_file(path_);
  const auto text = entry(0, 10);
  disk.full = true;
  EXPECT_THROW(file.append(text), Error);
  EXPECT_THROW(file.append(text), Error);
  EXPECT_NE(tests::read_file(path_), before);
  disk.full = false;
  file.append(text);
  EXPECT_EQ(tests::read_file(path_), before + text);
}

TEST_F(LedgerFiles, CannotBeOpenedWithoutRoomAndStayAsTheyAre) {
  open();
  file_->append(entry(0, 10));
  file_.reset();
  const auto before = tests::read_file(path_);
  disk_.room = 20;
  EXPECT_EQ(refused_open(), path_ + ".new: No space left on device; make room there");
  EXPECT_EQ(tests::read_file(path_), before);
  EXPECT_NE(::access((path_ + ".new").c_str(), F_OK), 0);
  EXPECT_EQ(disk_.open_now(), 0);
  disk_.room = 10000;
  EXPECT_EQ(refused_open(), "");
  EXPECT_EQ(ledger_->last(), 1);
}

TEST_F(LedgerFiles, AreWrittenAnewAfterASyncThatFailed) {
  open();
  calls();
  EXPECT_FALSE(file_->rewrite_due(1));
  disk_.sync_error = EIO;
  EXPECT_EQ(refusal<SyncFailed>([&] { file_->append(entry(0, 10)); }),
            path_ + ": cannot be synced: Input/output error");
  EXPECT_EQ(calls().size(), 2);
  EXPECT_TRUE(file_->rewrite_due(1));
  EXPECT_EQ(refusal<SyncFailed>([&] { file_->rewrite(written_anew(*ledger_)); }),
            path_ + ".new: cannot be synced: Input/output error");
  EXPECT_EQ(calls().size(), 2);  // not renamed
  EXPECT_TRUE(file_->rewrite_due(1));
  disk_.sync_error = 0;
  disk_.directory_error = EIO;
  EXPECT_EQ(refusal<SyncFailed>([&] { file_->rewrite(written_anew(*ledger_)); }),
            params_.directory + ": cannot be synced: Input/output error");
  EXPECT_TRUE(file_->rewrite_due(1)) << "its name may not be on the disk";
  disk_.directory_error = 0;
  file_->rewrite(written_anew(*ledger_));
  EXPECT_FALSE(file_->rewrite_due(1));
  file_->append(entry(0, 20));
  EXPECT_EQ(on_disk().last(), 2);
}

// After a sync that failed the kernel shows what is not on the disk, and says so only once.
TEST_F(LedgerFiles, AreWrittenAgainWholeWhenTheyAreOpened) {
  open();
  file_->append(entry(0, 10));
  disk_.written = 0;
  open();
  EXPECT_EQ(disk_.written, tests::read_file(path_).size());
}

TEST_F(LedgerFiles, KeepWhatMustBeKnownAndTheLockWhenTheyAreWrittenAnew) {
  open();
  for (std::uint64_t i = 1; i <= 100; ++i) {
    file_->append(entry(static_cast<int>(i % 3), i));
    ledger_->answered(i - 1);
  }
  const auto before = tests::read_file(path_).size();
  file_->rewrite(written_anew(*ledger_));
  EXPECT_LT(tests::read_file(path_).size(), before / 10);
  EXPECT_EQ(written_anew(on_disk()), written_anew(*ledger_));
  LedgerFile other(disk_, params_);
  EXPECT_THROW(other.open(), Locked);
  EXPECT_EQ(disk_.open_now(), 1);
  file_->append(entry(0, 101));  // into the new one
  EXPECT_EQ(on_disk().last(), 101);
}

TEST_F(LedgerFiles, GoOnAsTheyWereWhenTheyCannotBeWrittenAnew) {
  open();
  file_->append(entry(0, 10));
  disk_.rename_error = EACCES;
  EXPECT_EQ(refusal([&] { file_->rewrite(written_anew(*ledger_)); }),
            path_ + ": Permission denied; let user " + std::to_string(::geteuid()) +
                ", who runs this, write there");
  EXPECT_NE(::access((path_ + ".new").c_str(), F_OK), 0);
  EXPECT_EQ(disk_.open_now(), 1);
  file_->append(entry(0, 20));
  EXPECT_EQ(on_disk().last(), 2);
}

TEST_F(LedgerFiles, AreWrittenAnewBeforeTheyGrowBeyondAFewTimesOfWhatMustBeKnown) {
  open();
  EXPECT_FALSE(file_->rewrite_due(100));
  EXPECT_TRUE(file_->rewrite_due(2 << 20));
  std::uint64_t i = 0;
  for (; !file_->rewrite_due(1000); ++i) file_->append(std::string(1000, '\n'));
  EXPECT_NEAR(static_cast<double>(i), 1047, 2);
  file_->rewrite(std::string(1 << 20, '\n'));
  EXPECT_FALSE(file_->rewrite_due(2 << 20));
  EXPECT_TRUE(file_->rewrite_due(4 << 20));
}

TEST_F(LedgerFiles, CostOnlyWhatHasChanged) {
  open();
  auto all = ledger_->next();
  for (int i = 0; i < 10'000; ++i) {
    all.places.push_back({{"t", i}, 5, true});
    all.files.push_back({"/out/" + std::to_string(i), 100, {{"t", i}}});
  }
  ledger_->add(all);
  file_->append(to_text(ledger_->name(), all));
  EXPECT_GT(disk_.written, 300'000);
  disk_.written = 0;
  calls();
  file_->append(entry(7, 200));
  EXPECT_LT(disk_.written, 100);
  EXPECT_EQ(calls().size(), 2);
}

TEST_F(LedgerFiles, OfAnOlderVersionAreWrittenAnew) {
  open();
  const auto id = tests::read_file(path_).substr(16, 16);
  file_.reset();
  const auto line = "runnel-ledger 0 " + id + " Tq3hYx group";
  boost::crc_32_type crc;
  crc.process_bytes(id.data(), id.size());
  crc.process_bytes(line.data(), line.size());
  std::array<char, 9> sum{};
  std::snprintf(sum.data(), sum.size(), "%08x", static_cast<unsigned>(crc.checksum()));
  const auto text = entry(0, 10);
  tests::write_file(path_, line + ' ' + sum.data() + '\n' + text);
  open();
  EXPECT_EQ(ledger_->last(), 1);
  EXPECT_EQ(tests::read_file(path_), to_text(ledger_->name()) + text);
}

TEST_F(LedgerFiles, OfANewerVersionAreRefusedAndStayAsTheyAre) {
  open();
  file_.reset();
  auto bytes = tests::read_file(path_);
  bytes[14] = '2';
  tests::write_file(path_, bytes);
  EXPECT_EQ(refused_open<LedgerRefused>(),
            path_ + ": a newer release has written it; install that release again");
  EXPECT_EQ(tests::read_file(path_), bytes);
  EXPECT_EQ(disk_.open_now(), 0);
}

TEST_F(LedgerFiles, ThatAreDamagedAreRefusedWithThePlaceAndStayAsTheyAre) {
  open();
  file_->append(entry(0, 10));
  const auto offset = tests::read_file(path_).size();
  file_->append(entry(0, 20));
  file_->append(entry(0, 30));
  file_.reset();
  auto bytes = tests::read_file(path_);
  bytes[offset + 20] ^= 1;
  tests::write_file(path_, bytes);
  EXPECT_EQ(
      refused_open<LedgerRefused>(),
      path_ + ": damaged at byte " + std::to_string(offset) +
          ": an entry is damaged, and later ones follow it; keep a copy and move it away: then the files "
          "stay as they are, and what was not known to be committed may stand in them twice");
  EXPECT_EQ(tests::read_file(path_), bytes);
  tests::write_file(path_, "# a note\n");
  EXPECT_THAT(refused_open<LedgerRefused>(), HasSubstr("at byte 0: it does not begin as a ledger does;"));
}

TEST_F(LedgerFiles, OfAnotherGroupAreRefused) {
  open();
  file_.reset();
  tests::write_file(path_, delivery::to_text({1, "Tq3hYx", "other"}));
  EXPECT_EQ(refused_open<LedgerRefused>(), path_ +
                                               ": is the ledger of group other in cluster Tq3hYx, which is "
                                               "not the one of this flow; move it away");
}

TEST_F(LedgerFiles, ThatCannotBeOpenedSayWhy) {
  open();
  file_.reset();
  const auto instead = [&](auto make) {
    std::filesystem::remove_all(path_);
    EXPECT_EQ(make(path_.c_str()), 0);
    auto sentence = refused_open();
    return sentence.substr(std::min(path_.size(), sentence.size()));
  };
  EXPECT_EQ(instead([](const char* path) { return ::symlink("elsewhere", path); }),
            ": is a symbolic link; put the ledger that it points to in its place");
  EXPECT_EQ(instead([](const char* path) { return ::mkdir(path, 0700); }), ": Is a directory; move it away");
  EXPECT_EQ(instead([](const char* path) { return ::mkfifo(path, 0600); }),
            ": is not a regular file; move it away");
  EXPECT_EQ(disk_.open_now(), 0);
}

// Root ran it once in a directory of the service's user, or that one's ledger is run by root.
TEST_F(LedgerFiles, OfAnotherUserAreRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  open();
  file_.reset();
  for (const auto& directory : {dir_ / "", dir_ / "a", params_.directory})
    ASSERT_EQ(::chmod(directory.c_str(), 0777), 0);
  EXPECT_EXIT(refused_as_nobody(), testing::ExitedWithCode(0),
              testing::StrEq(path_ + ": belongs to user 0; run as that user, or give it to the one that runs "
                                     "this, 65534"));
  ASSERT_EQ(::chown(path_.c_str(), 12345, 12345), 0);
  EXPECT_EQ(refused_open(),
            path_ + ": belongs to user 12345; run as that user, or give it to the one that runs this, 0");
}

// In place of the state directory, or of one above it.
TEST_F(LedgerFiles, SayWhatStandsWhereADirectoryBelongs) {
  const std::string end = ", or name another directory as runnel.state_dir";
  tests::write_file(dir_ / "file", "");
  for (const auto& directory : {dir_ / "file", dir_ / "file/state"}) {
    params_.directory = directory;
    EXPECT_EQ(
        refused_open(),
        directory + ": Not a directory; move away the file that stands where a directory belongs" + end);
  }
  params_.directory = dir_ / "link";
  ASSERT_EQ(::symlink("nowhere", params_.directory.c_str()), 0);
  EXPECT_EQ(refused_open(), params_.directory + ": No such file or directory; make that directory" + end);
  params_.directory = dir_ / std::string(300, 'x');
  EXPECT_EQ(refused_open(),
            params_.directory + ": File name too long; name another directory as runnel.state_dir");
  EXPECT_EQ(disk_.open_now(), 0);
}

TEST_F(LedgerFiles, SayThatTheirDiskIsReadOnlyOrHasNoRoom) {
  params_.directory = dir_ / "mounted";
  ASSERT_EQ(::mkdir(params_.directory.c_str(), 0755), 0);
  const auto path = LedgerFile(disk_, params_).path();
  if (const Mounted mounted(params_.directory, MS_RDONLY); mounted.is_there) {
    const std::string sentence =
        ": Read-only file system; mount it so that it can be written, or name it as ReadWritePaths= in the "
        "unit that runs this";
    EXPECT_EQ(refused_open(), path + sentence);
    params_.directory += "/below";
    EXPECT_EQ(refused_open(),
              params_.directory + sentence + ", or name another directory as runnel.state_dir");
  } else {
    GTEST_SKIP() << "nothing can be mounted here: " << std::strerror(errno);
  }
  params_.directory = dir_ / "mounted";
  const Mounted mounted(params_.directory, 0, "nr_inodes=1");
  EXPECT_EQ(refused_open(), path + ": No space left on device; make room there");
  params_.directory += "/below";
  EXPECT_EQ(refused_open(), params_.directory +
                                ": No space left on device; make room there, or name another directory as "
                                "runnel.state_dir");
}

TEST_F(LedgerFiles, SayWhoMayNotWriteIntoTheDirectoryOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  ASSERT_EQ(::chmod((dir_ / "").c_str(), 0755), 0);
  const std::string sentence = ": Permission denied; let user 65534, who runs this, write there";
  params_.directory = dir_ / "state";
  ASSERT_EQ(::mkdir(params_.directory.c_str(), 0755), 0);
  const auto path = LedgerFile(disk_, params_).path();
  EXPECT_EXIT(refused_as_nobody(), testing::ExitedWithCode(0), testing::StrEq(path + sentence));
  params_.directory += "/below";
  EXPECT_EXIT(
      refused_as_nobody(), testing::ExitedWithCode(0),
      testing::StrEq(params_.directory + sentence + ", or name another directory as runnel.state_dir"));
}

TEST_F(LedgerFiles, SayWhoMayNotWriteThere) {
  struct : RealDisk {
    int error = 0;
    int open(const char* path, int flags, mode_t mode) override {
      if ((flags & O_CREAT) == 0) return RealDisk::open(path, flags, mode);
      errno = error;
      return -1;
    }
  } disk;
  LedgerFile file(disk, params_);
  disk.error = EACCES;
  EXPECT_EQ(refusal([&] { file.open(); }), file.path() + ": Permission denied; let user " +
                                               std::to_string(::geteuid()) + ", who runs this, write there");
}

TEST_F(LedgerFiles, AreMadeAgainWithTheirDirectoryWhenSomebodyRemovesThem) {
  open();
  std::filesystem::remove_all(params_.directory);
  EXPECT_EQ(refusal([&] { file_->append(entry(0, 10)); }),
            path_ + ": somebody has removed it; it is written anew");
  EXPECT_TRUE(file_->rewrite_due(1));
  calls();
  file_->rewrite(written_anew(*ledger_));
  EXPECT_THAT(calls(), testing::Contains("fsync " + dir_ / "a"));
  EXPECT_EQ(on_disk().last(), 1);
  EXPECT_EQ(on_disk().name().id, ledger_->name().id);
  LedgerFile other(disk_, params_);
  EXPECT_THROW(other.open(), Locked);
}

TEST_F(LedgerFiles, StandStillWhenSomebodyPutsAnotherFileThereAndGoOnWhenTheyAreBack) {
  open();
  ASSERT_EQ(::rename(path_.c_str(), (dir_ / "taken").c_str()), 0);
  const auto text = entry(0, 10);
  tests::write_file(path_, "another");
  EXPECT_EQ(refusal([&] { file_->append(text); }),
            path_ + ": somebody has put another file in its place; move that one away");
  EXPECT_THROW(file_->rewrite(text), Error);
  EXPECT_EQ(tests::read_file(path_), "another");
  ASSERT_EQ(::rename((dir_ / "taken").c_str(), path_.c_str()), 0);
  file_->append(text);
  EXPECT_EQ(on_disk().last(), 1);
}

TEST_F(LedgerFiles, HaveOneOwnerEach) {
  open();
  LedgerFile other(disk_, params_);
  EXPECT_EQ(
      refusal<Locked>([&] { other.open(); }),
      path_ +
          ": this process itself has this ledger already, and two would cut each other's files; stop that "
          "one, or give this one another runnel.state_dir and another path");
  file_.reset();
  EXPECT_NO_THROW(other.open());
}

TEST_F(LedgerFiles, NameTheProcessThatHasThem) {
  std::array<int, 2> ready{}, end{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  ASSERT_EQ(::pipe(end.data()), 0);
  const auto child = ::fork();
  if (child == 0) {
    char byte = 0;
    ::close(end[1]);
    open();
    if (::write(ready[1], &byte, 1) == 1 && ::read(end[0], &byte, 1) == 0) ::_exit(0);
    ::_exit(1);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_THAT(refused_open<Locked>(),
              HasSubstr(": process " + std::to_string(child) + " (unit_disk_tests) has this ledger already"));
  for (const int fd : {ready[0], ready[1], end[0], end[1]}) ::close(fd);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(refused_open(), "");  // a lock dies with its process
}

// Somebody opens it, and before he locks it it is written anew and let go: he may not have the old file.
TEST_F(LedgerFiles, AreTheOnesThatStandUnderTheNameWhenTheyAreLocked) {
  struct : RealDisk {
    std::function<void()> before;
    int flock(int fd, int operation) override {
      if (auto once = std::exchange(before, nullptr)) once();
      return RealDisk::flock(fd, operation);
    }
  } disk;
  open();
  file_.reset();
  disk.before = [&] {
    open();
    file_->append(entry(0, 10));
    file_.reset();
  };
  LedgerFile late(disk, params_);
  EXPECT_EQ(late.open().last(), 1);
}

/// Ends the process at the nth of the calls that change something, half of it done if it is a write.
class Dying final : public RealDisk {
 public:
  int left = 0;

  ssize_t write(int fd, const void* bytes, std::size_t size) override {
    if (--left == 0) std::ignore = RealDisk::write(fd, bytes, size / 2);
    if (left == 0) ::_exit(1);
    return RealDisk::write(fd, bytes, size);
  }
  int fdatasync(int fd) override { return step(), RealDisk::fdatasync(fd); }
  int fsync(int fd) override { return step(), RealDisk::fsync(fd); }
  int rename(const char* from, const char* to) override { return step(), RealDisk::rename(from, to); }
  int close(int fd) override { return step(), RealDisk::close(fd); }

 private:
  void step() {
    if (--left == 0) ::_exit(1);
  }
};

TEST_F(LedgerFiles, HoldAllThatWasAppendedWheneverTheProcessDies) {
  int status = 1;
  int steps = 0;
  for (; status != 0; ++steps) {
    std::filesystem::remove_all(params_.directory);
    std::array<int, 2> appended{};
    ASSERT_EQ(::pipe(appended.data()), 0);
    const auto child = ::fork();
    if (child == 0) {
      Dying disk;
      disk.left = steps + 1;
      LedgerFile file(disk, params_);
      ledger_.emplace(file.open());
      for (std::uint64_t i = 1; i <= 4; ++i) {
        const auto text = entry(0, i);
        if (i % 2 == 0)
          file.rewrite(written_anew(*ledger_));
        else
          file.append(text);
        if (::write(appended[1], "", 1) != 1) ::_exit(2);
      }
      ::_exit(0);
    }
    ::close(appended[1]);
    std::array<char, 9> bytes{};
    ::waitpid(child, &status, 0);
    const auto count = ::read(appended[0], bytes.data(), bytes.size());
    ::close(appended[0]);
    open();
    EXPECT_GE(ledger_->last(), count) << "after " << steps << " steps";
    EXPECT_LE(ledger_->last(), count + 1) << "after " << steps << " steps";
    file_->append(entry(0, 10));
    EXPECT_EQ(on_disk().position({"t", 0}), 10);
  }
  EXPECT_GT(steps, 15);
}

}  // namespace
}  // namespace runnel::disk
