"""A disk that cannot: the flow stands still, says so in its log and in its status, and heals by itself; another flow and
a heartbeat of the same process go on meanwhile, and each record is in its file once."""

import json
import shutil
import socket
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from faulty_disk import FaultyDisk
from runnel import OK, becomes, consumer, eventually, file, producer

PARTITIONS = 2


class Status:
    """What the process last told the service manager of itself (sd_notify(3))."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.environment = {"NOTIFY_SOCKET": str(path)}
        self.last = ""
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            for line in self.socket.recv(65536).decode().splitlines():
                if line.startswith("STATUS="):
                    self.last = line


@pytest.fixture
def carrier(broker, runnel, name_of_a_topic, group, tmp_path):
    """A process with two flows of one topic, one onto the disk `out`, which is a tmpfs, and one elsewhere; and a heartbeat."""
    broker.create(name_of_a_topic, PARTITIONS)
    beats = f"{name_of_a_topic}-beats"
    broker.create(beats)
    ill = (consumer(name_of_a_topic, group, name="ill", sinks=["ill"], checkpoint="100ms"),
           file("HERE/out/{partition}.jsonl", name="ill"))
    others = (consumer(name_of_a_topic, f"{group}-well", name="well", sinks=["well"], checkpoint="100ms"),
              producer(beats, interval="100ms", value="{seq}"), file("HERE/well/{partition}.jsonl", name="well"))
    one = runnel("one", *ill, *others, start=False)
    disk = one.directory / "out"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "runnel-test", disk], check=True)
    status, faulty = Status(tmp_path / "notify"), FaultyDisk(tmp_path / "faulty", one.directory)
    one.environment |= status.environment | faulty.environment

    def produce(*, partition=0):
        broker.produce(name_of_a_topic, *map(str, range(50)), partition=partition)

    def carried(name=group):
        return broker.carried(name, name_of_a_topic)

    def is_said(*words):
        """In the log and in the status; and what is not ill goes on."""
        eventually(lambda: one.about("flow ill", *words))
        eventually(lambda: "flow ill" in status.last and words[-1] in status.last)
        eventually(lambda: carried(f"{group}-well"))
        beats_by_now = sum(broker.ends(beats).values())
        eventually(lambda: sum(broker.ends(beats).values()) > beats_by_now + 5)
        assert not carried()

    def heals():
        eventually(carried)
        eventually(lambda: one.about("flow ill", "works again"))
        eventually(lambda: "flow ill" not in status.last or "records" in status.last)
        holds_all_once()

    def holds_all_once():
        eventually(carried)
        assert one.stop() == OK
        assert {number: len(offsets) for number, offsets in one.offsets().items()} == {
            number: end for number, end in broker.ends(name_of_a_topic).items() if end}
        assert all(offsets == sorted(set(offsets)) for offsets in one.offsets().values())

    yield SimpleNamespace(
        runnel=one, ill=ill, others=others, disk=disk, faulty=faulty, status=status, produce=produce, carried=carried,
        committed=lambda: broker.committed(group, name_of_a_topic), is_said=is_said, heals=heals,
        holds_all_once=holds_all_once)
    subprocess.run(["umount", "--lazy", disk], check=True)


def well(carrier):
    carrier.produce()
    carrier.runnel.start()
    eventually(carrier.carried)


def test_a_full_disk_stops_its_flow_alone_until_there_is_room(carrier):
    well(carrier)
    filler = carrier.disk / "filler"
    subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=4k"], stderr=subprocess.DEVNULL, check=False)
    for _ in range(2):  # more than the rest of the file's last page
        carrier.produce()
    carrier.is_said("No space left on device")
    filler.unlink()
    carrier.heals()


def test_a_read_only_disk_stops_its_flow_alone_until_it_may_be_written(carrier):
    subprocess.run(["mount", "-o", "remount,ro", carrier.disk], check=True)
    carrier.produce()
    carrier.runnel.start()
    carrier.is_said("Read-only file system")
    subprocess.run(["mount", "-o", "remount,rw", carrier.disk], check=True)
    carrier.heals()


@pytest.mark.parametrize("how, words", [
    ("write", ["Input/output error"]),
    ("quota", ["Disk quota exceeded"]),
    ("sync-cut", ["cut off and delivered again", "cannot be synced: Input/output error"]),
    ("sync-zero", ["cut off and delivered again", "cannot be synced: Input/output error"])])
def test_a_disk_that_fails_stops_its_flow_alone_until_it_is_well(carrier, how, words):
    well(carrier)
    carrier.faulty.fail(how, "only=/out/")
    carrier.produce()
    carrier.is_said(*words)
    carrier.faulty.heal()
    carrier.heals()


def test_a_reload_and_a_stop_while_a_disk_fails_commit_nothing_of_it_and_lose_nothing(carrier):
    well(carrier)
    before = carrier.committed()
    carrier.faulty.fail("sync-zero", "only=/out/")
    carrier.produce()
    carrier.is_said("cannot be synced: Input/output error")
    assert carrier.runnel.reload(*carrier.others) == "done"
    assert carrier.runnel.reload(*carrier.ill, *carrier.others) == "done"
    carrier.is_said("cannot be synced: Input/output error")
    assert carrier.runnel.stop() == OK
    assert carrier.committed() == before
    carrier.faulty.heal()
    carrier.runnel.start()
    carrier.holds_all_once()


def test_a_disk_that_fails_under_the_ledgers_stops_their_flows_until_it_is_well(carrier):
    well(carrier)
    carrier.faulty.fail("sync-zero", "only=/state/ill")
    carrier.produce()
    carrier.is_said("cannot be synced: Input/output error")
    carrier.faulty.heal()
    carrier.heals()


def test_without_a_free_descriptor_a_file_waits_until_there_is_one(carrier):
    one = carrier.runnel.start()
    eventually(lambda: one.about("flow ill", "assigned") and one.about("flow well", "assigned"))
    taken = {int(each.name) for each in Path(f"/proc/{one.pid}/fd").iterdir()}
    first_free = min(set(range(len(taken) + 1)) - taken)
    subprocess.run(["prlimit", "--pid", str(one.pid), f"--nofile={first_free}:"], check=True)
    carrier.produce()
    eventually(lambda: one.about("flow ill", "Too many open files"))  # the status would need a descriptor, too
    subprocess.run(["prlimit", "--pid", str(one.pid), "--nofile=1024:"], check=True)
    carrier.heals()


@pytest.mark.parametrize("descriptors, partitions, flows", [(128, 60, 2), (40, 40, 1)])
def test_more_files_than_the_process_may_open_are_all_written(
        broker, runnel, name_of_a_topic, group, descriptors, partitions, flows):
    broker.create(name_of_a_topic, partitions)
    for partition in range(partitions):
        broker.produce(name_of_a_topic, "first", "second", partition=partition)
    parts = {}
    for number in range(flows):
        parts |= consumer(name_of_a_topic, f"{group}-{number}", name=f"flow{number}", sinks=[f"files{number}"])
        parts |= file(f"HERE/out/{number}/{{partition}}.jsonl", name=f"files{number}")
    one = runnel("one", parts, start=False)
    one.start(descriptors=descriptors)
    for number in range(flows):
        eventually(lambda: broker.carried(f"{group}-{number}", name_of_a_topic), within=60)
    assert one.stop() == OK
    for number in range(flows):
        for partition in range(partitions):
            lines = (one.directory / f"out/{number}/{partition}.jsonl").read_text().splitlines()
            assert [json.loads(line)["offset"] for line in lines] == [0, 1]
    assert ("file descriptors are too few" in one.err) == (descriptors == 40)


def test_a_state_directory_that_is_removed_is_made_again(carrier):
    well(carrier)
    shutil.rmtree(carrier.runnel.directory / "state")
    carrier.produce()
    eventually(lambda: carrier.runnel.about("flow ill", "somebody has removed it; it is written anew"))
    carrier.heals()
    assert list((carrier.runnel.directory / "state").glob("ill-*.ledger"))


def test_a_directory_of_files_that_is_removed_is_made_again_for_what_comes(carrier):
    well(carrier)
    for each in carrier.disk.iterdir():
        each.unlink()
    carrier.produce()
    becomes([*range(50, 100)], lambda: carrier.runnel.offsets().get(0))
    assert carrier.runnel.stop() == OK
