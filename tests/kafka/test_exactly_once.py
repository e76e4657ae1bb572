"""Each record is in its file once, in the order of its partition, whatever died meanwhile."""

import json
import random
import threading

import pytest
from runnel import OK, consumer, eventually, file, whole_lines

PARTITIONS = 4


@pytest.fixture
def four(broker, name_of_a_topic):
    broker.create(name_of_a_topic, partitions=PARTITIONS)
    return name_of_a_topic


class Maker:
    """Produces until it is told to end."""

    def __init__(self, broker, topic):
        self.broker, self.topic = broker, topic
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()
        self.broker.producer.flush(timeout=30)

    def run(self):
        number = 0
        while not self.stop.wait(0.002):
            for _ in range(20):
                self.broker.producer.send(self.topic, b"%d" % number, partition=number % PARTITIONS)
                number += 1


def found(directory):
    """By partition the offsets in its files, in the order in which they stand there; every line is whole."""
    offsets = {number: [] for number in range(PARTITIONS)}
    for each in sorted(directory.rglob("*.jsonl")):
        data = each.read_bytes()
        assert data.endswith(b"\n") or not data, f"{each} ends amid a line"
        for record in map(json.loads, whole_lines(data)):
            offsets[record["partition"]].append(record["offset"])
    return offsets


def everything(broker, topic):
    return {number: list(range(end)) for number, end in broker.ends(topic).items()}


@pytest.mark.parametrize("path", ["HERE/out/{partition}.jsonl", "HERE/out/all.jsonl"], ids=["a file each", "one file"])
def test_each_record_is_in_its_file_once_whatever_kills_the_daemon(broker, runnel, four, group, path):
    chance = random.Random(7)
    one = runnel("one", consumer(four, group, checkpoint="100ms", sinks=["files"]), file(path))
    with Maker(broker, four):
        for _ in range(4):
            size = sum(each.stat().st_size for each in one.directory.rglob("*.jsonl"))
            wanted = size + chance.randrange(1, 200_000)
            eventually(lambda: sum(each.stat().st_size for each in one.directory.rglob("*.jsonl")) >= wanted, 60)
            one.kill()
            one.start()
    eventually(lambda: broker.carried(group, four), 60)
    assert one.stop() == OK
    assert found(one.directory / "out") == everything(broker, four)


def test_nothing_stands_twice_when_the_broker_is_killed(broker, runnel, four, group):
    one = runnel("one", consumer(four, group, checkpoint="100ms", sinks=["files"]), file("HERE/out/{partition}.jsonl"))
    with Maker(broker, four):
        eventually(lambda: any(found(one.directory / "out").values()))
    broker.kill()
    broker.start_again()
    broker.produce(four, "after")
    eventually(lambda: broker.carried(group, four), 60)
    assert one.stop() == OK
    assert found(one.directory / "out") == everything(broker, four)


def test_two_hosts_that_die_in_turn_hold_each_record_once_between_them(broker, runnel, four, group):
    both = [runnel(name, consumer(four, group, checkpoint="100ms", sinks=["files"]), file("HERE/out/{partition}.jsonl"))
            for name in ("one", "two")]
    with Maker(broker, four):
        for round in range(4):
            each = both[round % 2]
            eventually(lambda: len(broker.members(group) or ()) == 2, 60)
            each.kill()
            each.start()
        eventually(lambda: len(broker.members(group) or ()) == 2, 60)
    eventually(lambda: broker.carried(group, four), 60)
    assert [each.stop() for each in both] == [OK, OK]
    together = {number: [] for number in range(PARTITIONS)}
    for each in both:
        for number, offsets in found(each.directory / "out").items():
            together[number] += offsets
    assert {number: sorted(offsets) for number, offsets in together.items()} == everything(broker, four)
