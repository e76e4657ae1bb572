"""Faults of the disk that a member has for itself: it is full, or fails."""

import os
import subprocess
import time

from faults import Fault
from faulty_disk import FaultyDisk
from member import DISK
from runnel import eventually

MIB = 1 << 20
FULL_FOR = 3  # s, until somebody makes room


class Full(Fault):
    name = "full disk"
    text = "a tmpfs of 20 MiB, with files and state, fills, stays full for 3 s, and is given 20 MiB more"
    times = 5

    def __init__(self, world):
        super().__init__(world)
        self.mounted = []

    def prepare(self, directory):
        disk = directory / DISK
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "chaos", disk], check=True)
        self.mounted.append(disk)
        return {}

    def strike(self, crew, number, chance):
        (one,) = crew.members
        eventually(lambda: _room(one.disk) == 0, 90)
        if crew.program == "runneld":
            eventually(lambda: one.said("No space left on device", "trying again"), 60)
        time.sleep(FULL_FOR)
        used = os.statvfs(one.disk)
        more = 20 * MIB if number + 1 < self.asked else 1 << 35
        _grow(one.disk, used.f_blocks * used.f_frsize + more)

    def release(self):
        for disk in self.mounted:
            subprocess.run(["umount", "--lazy", disk], check=False)
        self.mounted.clear()


def _room(disk):
    return os.statvfs(disk).f_bavail


def _grow(disk, size):
    subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)


class Failing(Fault):
    """By the library that is described in tests/support/faulty_disk.c."""

    how = ()  # in turn, what the disk is told, and in which files
    kind = ""
    hold = 0  # s, from the first failure on

    def __init__(self, world):
        super().__init__(world)
        self.disks = {}

    def prepare(self, directory):
        self.disks[directory] = disk = FaultyDisk(directory / "faulty", directory / DISK)
        return disk.environment

    def strike(self, crew, number, chance):
        (one,) = crew.members
        disk = self.disks[one.directory]
        self.a_while(one, chance)
        before = len(disk.failures())
        words = self.how[number % len(self.how)]
        disk.fail(*(words if crew.program == "runneld" else words[:1]))  # the others have no state beside their files
        try:
            eventually(lambda: len(disk.failures()) > before, 30)
            time.sleep(self.hold)
        finally:
            disk.heal()
        assert {kind for kind, _ in disk.failures()} == {self.kind}
        crew.note(f"failed calls ({self.kind})", len(disk.failures()) - before)


class WriteFails(Failing):
    name = "EIO"
    text = "`write` fails with EIO for a second, in turn at once, after half of the bytes, in files of records and in the ledger"
    times, kind, hold = 12, "write", 1
    how = (["write"], ["torn"], ["torn", "only=/out/"], ["torn", "only=/state/"])
    without = {"kcat": "writes through the C library's own buffers, where the fault is not seen"}


class SyncFails(Failing):
    name = "failed fdatasync"
    text = "`fdatasync` fails until it has been seen; what was written since the last one reads as zeros, or stays"
    times, kind, small = 8, "sync", 2
    ends = (70,)
    how = (["sync-zero"], ["sync-keep"], ["sync-zero", "only=/out/"], ["sync-zero", "only=/state/"])
    without = {
        "kcat": "never syncs: what the kernel has not written yet is at risk all the time",
        "rsyslog": "does not sync unless told to (`sync=\"on\"`), and then with each record here"}


class AllAtOnce(Failing):
    name = "several at once"
    text = "one of two members is killed, stopped or paused while disks fail, and now and then the broker with it"
    times, members, static = 12, 2, False
    ends = (70,)
    without = dict.fromkeys(("kcat", "rsyslog"), "see the single ones")
    disk_words = ("sync-zero", "sync-keep", "write", "torn")
    broker_too = 0.3  # of all times

    def strike(self, crew, number, chance):
        crew.all_hold(within=120)
        self.a_while(crew, chance)
        disks = [self.disks[each.directory] for each in crew.members]
        before = sum(len(disk.failures()) for disk in disks)
        for disk in disks:
            disk.fail(chance.choice(self.disk_words))
        time.sleep(chance.uniform(0, 1))
        away, back = self._take_away(chance.choice(crew.members), chance.choice(("kill", "stop", "pause")))
        crew.note(away)
        if chance.random() < self.broker_too:
            crew.note("brokers killed")
            self.world.broker.kill()
            self.world.broker.start_again()
        eventually(lambda: sum(len(disk.failures()) for disk in disks) > before, 60)
        time.sleep(chance.uniform(0, 7))  # also longer than a session
        for disk in disks:
            disk.heal()
        back()

    @staticmethod
    def _take_away(member, how):
        """What was done, and what undoes it."""
        if how == "pause":
            member.pause()
            return "paused", member.go_on
        member.kill() if how == "kill" else member.stop()
        return "killed" if how == "kill" else "stopped", member.start
