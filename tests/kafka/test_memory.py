"""What Runnel holds in memory, and what does not fit. Bounds are counts of bytes; the dev build has glibc's allocator."""

import base64
import os
import random
import threading
import time
from pathlib import Path

import pytest
from runnel import OK, becomes, consumer, eventually, file, producer, stdout

MiB = 1 << 20
DEFAULTS = 80 * MiB  # the whole process, with the default memory of 64 MiB


def peak(one):
    """The most memory that it ever had."""
    status = Path(f"/proc/{one.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def cpu(one):
    """Seconds of the processor that it has used."""
    fields = Path(f"/proc/{one.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def random_lines(count, size):
    """Text that does not shrink much."""
    pool = base64.b64encode(os.urandom(4 * MiB))
    starts = (random.randrange(len(pool) - size) for _ in range(count))
    return b"".join(pool[start:start + size] + b"\n" for start in starts)


def equal_lines(count, size):
    """Text that shrinks to less than a thousandth in batches of a megabyte."""
    return (b"0" * size + b"\n") * count


def fill(broker, topic, lines, *options):
    """Every line a record, in batches of up to a megabyte."""
    broker.kcat(
        "-P", "-t", topic, "-X", "linger.ms=100", "-X", "queue.buffering.max.messages=1000000", *options, input=lines)


class SlowReader(threading.Thread):
    """Reads what a Runnel writes, at a steady pace."""

    def __init__(self, *, bytes_a_second):
        super().__init__(daemon=True)
        self.ours, self.theirs = os.pipe()
        self.pace, self.read = bytes_a_second, 0

    def run(self):
        begin = time.monotonic()
        while part := os.read(self.ours, 65536):
            self.read += len(part)
            time.sleep(max(0, begin + self.read / self.pace - time.monotonic()))


@pytest.fixture
def slow_reader():
    reader = SlowReader(bytes_a_second=2_000_000)
    yield reader
    os.close(reader.theirs)


# a slow reader, an endless backlog

BACKLOGS = pytest.mark.parametrize("backlog", ["random", "expands-a-thousandfold"])


def make(backlog, broker, topic):
    if backlog == "random":
        fill(broker, topic, random_lines(40_000, 3072))
    else:
        fill(broker, topic, equal_lines(100_000, 3072), "-z", "zstd")


@BACKLOGS
def test_a_slow_reader_holds_back_reading_and_nothing_else(broker, runnel, topic, group, slow_reader, backlog):
    make(backlog, broker, topic)
    ticks = topic + "-ticks"
    broker.create(ticks)
    one = runnel(
        "one", consumer(topic, group), producer(ticks, interval="100ms", value="{seq}"), stdout("raw"), start=False)
    one.start(output=slow_reader.theirs)
    slow_reader.start()
    eventually(lambda: slow_reader.read > 16_000_000)
    assert peak(one) < DEFAULTS
    assert broker.members(group) == {"one": {(topic, 0)}}
    made = len(broker.values(ticks))
    eventually(lambda: len(broker.values(ticks)) > made + 10)  # test_membership.py says that none is late


# full speed

@BACKLOGS
def test_at_full_speed_the_process_stays_below_its_bound(broker, runnel, topic, group, backlog):
    make(backlog, broker, topic)
    one = runnel("one", consumer(topic, group, sinks=["files"]), file(format="raw"))
    eventually(lambda: broker.carried(group, topic), within=30)
    assert peak(one) < DEFAULTS


# what does not fit

@pytest.fixture
def wide(broker, name_of_a_topic):
    """A topic that takes records of up to 20 MiB."""
    broker.create(name_of_a_topic, partitions=2, max_message_bytes=20 * MiB)
    return name_of_a_topic


def put(broker, topic, value, *options, partition=0):
    """One record, however large; with kcat, whose batches may be compressed."""
    whole = broker.directory / "value"
    whole.write_bytes(value)
    broker.kcat("-P", "-t", topic, "-p", str(partition), "-X", "message.max.bytes=100000000", *options, str(whole))


def warnings(one, about):
    return [line for line in one.err.splitlines() if " warning " in line and about in line]


def test_a_record_larger_than_the_bound_passes_alone_and_is_named(broker, runnel, wide, group):
    large = os.urandom(5_000_000)
    put(broker, wide, b"before")
    put(broker, wide, large)
    put(broker, wide, large)
    put(broker, wide, b"after")
    one = runnel("one", consumer(wide, group, sinks=["files"]), file("HERE/out/raw", format="raw"), settings={"memory": "1MiB"})
    eventually(lambda: broker.carried(group, wide))
    assert (one.directory / "out/raw").read_bytes() == b"before\n" + (large + b"\n") * 2 + b"after\n"
    [line] = warnings(one, "runnel.memory")  # once a minute, however many there are
    assert f"{wide} [0] at offset 1: a record of 5000000 bytes" in line


SMALL = {"receive_message_max_bytes": 2_000_000, "fetch_max_bytes": 1_000_000, "fetch_error_backoff_ms": 50}


@pytest.mark.parametrize("kind", ["cannot-be-decompressed", "cannot-be-received"])
def test_a_batch_that_librdkafka_cannot_take_is_named_and_holds_up_its_partition_alone(broker, runnel, wide, group, kind):
    large = bytes(5_000_000)
    put(broker, wide, b"before")
    put(broker, wide, large, *(["-z", "zstd"] if kind == "cannot-be-decompressed" else []))
    put(broker, wide, b"after")
    sinks = file("HERE/out/{partition}", format="raw")
    one = runnel("one", consumer(wide, group, sinks=["files"], **SMALL), sinks)
    [line] = eventually(lambda: warnings(one, "receive.message.max.bytes"))
    assert f"{wide} [0] at " in line
    if kind == "cannot-be-decompressed":
        assert f"{wide} [0] at offset 1: " in line
        begin = cpu(one)
        others = [f"other {number}" for number in range(30)]
        for each in others:
            broker.produce(wide, each, partition=1)
            eventually(lambda: each in (one.directory / "out/1").read_text().splitlines() if (one.directory / "out/1").exists() else False)
        assert cpu(one) - begin < 1
    becomes({0: 1}, lambda: {0: broker.committed(group, wide).get(0)})
    assert len(warnings(one, "receive.message.max.bytes")) == 1
    assert one.stop() == OK
    two = runnel("two", consumer(wide, group, sinks=["files"]), file(one.directory / "out/{partition}", format="raw"))
    eventually(lambda: broker.carried(group, wide))
    assert two.stop() == OK
    assert (one.directory / "out/0").read_bytes() == b"before\n" + large + b"\nafter\n"


def damage(broker, topic, needle):
    """Changes a byte of what the broker has on disk."""
    [log] = (broker.directory / "data").glob(f"{topic}-0/*.log")
    with open(log, "r+b") as data:
        at = data.read().index(needle)
        data.seek(at)
        data.write(bytes([needle[0] ^ 1]))


def test_a_damaged_batch_is_not_passed_over_when_checksums_are_checked(broker, runnel, topic, group):
    for value in ("before", "to-be-damaged", "after"):
        broker.produce(topic, value)
    damage(broker, topic, b"to-be-damaged")
    flow = consumer(topic, group, check_crcs=True)
    one = runnel("one", flow, stdout("raw"))
    [line] = eventually(lambda: warnings(one, "CRC"))
    assert f"{topic} [0] at offset 1: " in line
    becomes({0: 1}, lambda: broker.committed(group, topic))
    broker.produce(topic, "later")
    assert one.stop() == OK
    assert one.lines() == ["before"] and broker.committed(group, topic) == {0: 1}
    damage(broker, topic, b"uo-be-damaged")  # which mends it
    one.start()
    becomes(["before", "to-be-damaged", "after", "later"], one.lines)


def test_a_damaged_batch_is_tried_again(broker, runnel, topic, group):
    for value in ("before", "to-be-damaged", "after"):
        broker.produce(topic, value)
    damage(broker, topic, b"to-be-damaged")
    one = runnel("one", consumer(topic, group, check_crcs=True), stdout("raw"))
    eventually(lambda: warnings(one, "CRC"))
    damage(broker, topic, b"uo-be-damaged")
    becomes(["before", "to-be-damaged", "after"], one.lines)
    eventually(lambda: broker.carried(group, topic))
