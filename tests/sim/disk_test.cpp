#include "sim/disk.hpp"

#include "support/temporary_directory.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>

#include <set>
#include <string>

namespace runnel::sim {
namespace {

constexpr int append = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC;

int open(disk::Disk& disk, const std::string& path, int flags = append) {
  return disk.open(path.c_str(), flags, 0640);
}
void write(disk::Disk& disk, int fd, const std::string& bytes) {
  ASSERT_EQ(disk.write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
}
std::string read(disk::Disk& disk, const std::string& path) {
  const int fd = open(disk, path, O_RDONLY);
  if (fd < 0) return "nothing";
  std::string bytes(100, '\0');
  bytes.resize(static_cast<std::size_t>(disk.read(fd, bytes.data(), bytes.size())));
  disk.close(fd);
  return bytes;
}
void sync_directory(disk::Disk& disk, const std::string& path) {
  const int fd = open(disk, path, O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(disk.fsync(fd), 0);
  disk.close(fd);
}

// ---- what it has in common with a real one: each fact for both

struct Both : testing::TestWithParam<bool> {
  Dice dice{1};
  Machine machine{dice};
  Mount mount{machine, dice}, other_mount{machine, dice};
  tests::TemporaryDirectory temporary;
  disk::Disk& disk = GetParam() ? static_cast<disk::Disk&>(mount) : disk::real_disk();
  disk::Disk& other = GetParam() ? static_cast<disk::Disk&>(other_mount) : disk::real_disk();

  std::string path(const std::string& name) const { return GetParam() ? "/" + name : temporary / name; }
};
INSTANTIATE_TEST_SUITE_P(Disk, Both, testing::Values(true, false),
                         [](const auto& each) { return each.param ? "simulated" : "real"; });

TEST_P(Both, appends_reads_cuts_and_measures) {
  const int fd = open(disk, path("file"));
  write(disk, fd, "one");
  write(disk, fd, "two");
  EXPECT_EQ(read(disk, path("file")), "onetwo");
  EXPECT_EQ(disk.ftruncate(fd, 4), 0);
  write(disk, fd, "X");
  EXPECT_EQ(read(disk, path("file")), "onetX");
  struct stat status {
  }, there{};
  EXPECT_EQ(disk.fstat(fd, &status), 0);
  EXPECT_EQ(disk.stat(path("file").c_str(), &there), 0);
  EXPECT_EQ(status.st_size, 5);
  EXPECT_EQ(status.st_ino, there.st_ino);
  EXPECT_TRUE(S_ISREG(status.st_mode));
  EXPECT_EQ(status.st_nlink, 1u);
  EXPECT_EQ(disk.close(fd), 0);
}

TEST_P(Both, refuses_as_the_kernel_does) {
  EXPECT_EQ(open(disk, path("none"), O_RDONLY), -1);
  EXPECT_EQ(errno, ENOENT);
  EXPECT_EQ(open(disk, path("none/file")), -1);
  EXPECT_EQ(errno, ENOENT);
  disk.close(open(disk, path("file")));
  EXPECT_EQ(open(disk, path("file"), append | O_EXCL), -1);
  EXPECT_EQ(errno, EEXIST);
  EXPECT_EQ(disk.mkdir(path("file").c_str(), 0750), -1);
  EXPECT_EQ(errno, EEXIST);
  EXPECT_EQ(disk.unlink(path("none").c_str()), -1);
  EXPECT_EQ(errno, ENOENT);
  EXPECT_EQ(disk.rename(path("none").c_str(), path("file").c_str()), -1);
  EXPECT_EQ(errno, ENOENT);
}

TEST_P(Both, renames_over_what_is_there_and_keeps_what_is_open) {
  const int old = open(disk, path("file"));
  const int fresh = open(disk, path("fresh"));
  write(disk, old, "old");
  write(disk, fresh, "fresh");
  EXPECT_EQ(disk.rename(path("fresh").c_str(), path("file").c_str()), 0);
  EXPECT_EQ(read(disk, path("file")), "fresh");
  EXPECT_EQ(read(disk, path("fresh")), "nothing");
  struct stat status {};
  EXPECT_EQ(disk.fstat(old, &status), 0);
  EXPECT_EQ(status.st_nlink, 0u);
  disk.close(old);
  disk.close(fresh);
}

TEST_P(Both, locks_a_file_until_it_is_closed) {
  const int mine = open(disk, path("file"));
  const int theirs = open(other, path("file"));
  EXPECT_EQ(disk.flock(mine, LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(other.flock(theirs, LOCK_EX | LOCK_NB), -1);
  EXPECT_EQ(errno, EWOULDBLOCK);
  disk.close(mine);
  EXPECT_EQ(other.flock(theirs, LOCK_EX | LOCK_NB), 0);
  other.close(theirs);
}

// ---- what only a simulated one can do

struct SimulatedDisk : testing::Test {
  /// What may stand in /file after a loss of power, by many tries.
  template <class Act>
  std::set<std::string> after_power_loss(Act act) {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      Dice dice(seed);
      Machine machine(dice);
      {
        Mount mount(machine, dice);
        act(mount, machine);
      }
      machine.lose_power();
      Mount again(machine, dice);
      seen.insert(read(again, "/file"));
    }
    return seen;
  }
  static int made(Mount& mount) {
    const int fd = open(mount, "/file");
    sync_directory(mount, "/");
    return fd;
  }
};

TEST_F(SimulatedDisk, keeps_all_when_a_process_dies) {
  Dice dice(1);
  Machine machine(dice);
  {
    Mount mount(machine, dice);
    write(mount, open(mount, "/file"), "unsynced");
  }
  Mount again(machine, dice);
  EXPECT_EQ(read(again, "/file"), "unsynced");
}

TEST_F(SimulatedDisk, does_nothing_for_a_dead_process_and_frees_its_locks) {
  Dice dice(1);
  Machine machine(dice);
  Mount dead(machine, dice), alive(machine, dice);
  const int fd = open(dead, "/file");
  EXPECT_EQ(dead.flock(fd, LOCK_EX | LOCK_NB), 0);
  dead.die();
  EXPECT_EQ(dead.write(fd, "x", 1), -1);
  EXPECT_EQ(open(dead, "/other"), -1);
  EXPECT_EQ(read(alive, "/file"), "");
  EXPECT_EQ(alive.flock(open(alive, "/file"), LOCK_EX | LOCK_NB), 0);
}

TEST_F(SimulatedDisk, forgets_what_was_not_synced_or_tears_it) {
  const auto seen = after_power_loss([](Mount& mount, Machine&) {
    const int fd = made(mount);
    write(mount, fd, "synced");
    mount.fdatasync(fd);
    write(mount, fd, "lost");
  });
  for (const auto& bytes : seen) EXPECT_TRUE(bytes.starts_with("synced")) << bytes;
  EXPECT_THAT(seen, testing::IsSupersetOf({std::string("synced"), std::string("syncedlo"),
                                           std::string("syncedlost"), std::string("synced\0\0", 8)}));
}

TEST_F(SimulatedDisk, may_bring_back_what_was_cut_and_not_synced) {
  const auto seen = after_power_loss([](Mount& mount, Machine&) {
    const int fd = made(mount);
    write(mount, fd, "synced");
    mount.fdatasync(fd);
    mount.ftruncate(fd, 2);
    write(mount, fd, "X");
  });
  EXPECT_THAT(seen, testing::IsSupersetOf({"synced", "sy", "syX"}));
}

TEST_F(SimulatedDisk, forgets_a_name_whose_directory_was_not_synced) {
  const auto seen = after_power_loss([](Mount& mount, Machine&) {
    const int fd = open(mount, "/file");
    write(mount, fd, "x");
    mount.fdatasync(fd);
  });
  EXPECT_EQ(seen, (std::set<std::string>{"nothing", "x"}));
}

TEST_F(SimulatedDisk, renames_wholly_or_not_at_all) {
  const auto seen = after_power_loss([](Mount& mount, Machine&) {
    const int fd = made(mount);
    write(mount, fd, "old");
    mount.fdatasync(fd);
    const int fresh = open(mount, "/fresh");
    write(mount, fresh, "fresh");
    mount.fdatasync(fresh);
    mount.rename("/fresh", "/file");
  });
  EXPECT_EQ(seen, (std::set<std::string>{"old", "fresh"}));
}

TEST_F(SimulatedDisk, loses_what_a_failed_sync_has_dropped_also_when_a_later_one_succeeds) {
  const auto seen = after_power_loss([](Mount& mount, Machine&) {
    const int fd = made(mount);
    write(mount, fd, "dropped");
    mount.faults.sync = 10'000;
    EXPECT_EQ(mount.fdatasync(fd), -1);
    mount.faults.sync = 0;
    write(mount, fd, "kept");
    EXPECT_EQ(mount.fdatasync(fd), 0);
  });
  for (const auto& bytes : seen) EXPECT_FALSE(bytes.starts_with("dropped")) << bytes;
}

TEST_F(SimulatedDisk, knows_what_a_loss_of_power_cannot_take) {
  Dice dice(1);
  Machine machine(dice);
  Mount mount(machine, dice);
  const int fd = open(mount, "/file");
  write(mount, fd, "synced");
  mount.fdatasync(fd);
  EXPECT_TRUE(machine.files(true).empty());
  sync_directory(mount, "/");
  write(mount, fd, "more");
  EXPECT_EQ(machine.files(true).at("/file"), "synced");
  EXPECT_EQ(machine.files(false).at("/file"), "syncedmore");
  mount.ftruncate(fd, 3);
  EXPECT_EQ(machine.files(true).at("/file"), "syn");
}

TEST_F(SimulatedDisk, fills_up_and_takes_a_part) {
  Dice dice(1);
  Machine machine(dice);
  Mount mount(machine, dice);
  const int fd = open(mount, "/file");
  machine.room = 3;
  EXPECT_EQ(mount.write(fd, "four", 4), 3);
  EXPECT_EQ(mount.write(fd, "r", 1), -1);
  EXPECT_EQ(errno, ENOSPC);
}

TEST_F(SimulatedDisk, lets_a_process_die_amid_a_write) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Dice dice(seed);
    Machine machine(dice);
    Mount mount(machine, dice);
    const int fd = open(mount, "/file");
    mount.faults.death = 5'000;
    EXPECT_LE(mount.write(fd, "1234", 4), 4);
    Mount again(machine, dice);
    seen.insert(read(again, "/file"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"", "1", "12", "123", "1234"}));
}

}  // namespace
}  // namespace runnel::sim
