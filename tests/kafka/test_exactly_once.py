"""Each record is in its file once, in the order of its partition, whatever died meanwhile. (A file for each partition
and members that die: test_stopping.)"""

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


def found(runnel):
    """By partition the offsets in its files, in the order in which they stand there; every line is whole."""
    offsets = {number: [] for number in range(PARTITIONS)}
    for file, data in runnel.files().items():
        assert data.endswith(b"\n") or not data, f"{file} ends amid a line"
        for record in map(json.loads, whole_lines(data)):
            offsets[record["partition"]].append(record["offset"])
    return offsets


def size(runnel):
    return sum(map(len, runnel.files().values()))


def everything(broker, topic):
    return {number: list(range(end)) for number, end in broker.ends(topic).items()}


def test_each_record_is_once_in_a_file_that_partitions_share_whatever_kills_the_daemon(broker, runnel, four, group):
    chance = random.Random(7)
    one = runnel("one", consumer(four, group, checkpoint="100ms", sinks=["files"]), file("HERE/out/all.jsonl"))
    with Maker(broker, four):
        for _ in range(4):
            wanted = size(one) + chance.randrange(1, 200_000)
            eventually(lambda: size(one) >= wanted, 60)
            one.kill()
            one.start()
    eventually(lambda: broker.carried(group, four), 60)
    assert one.stop() == OK
    assert found(one) == everything(broker, four)


def test_nothing_stands_twice_when_the_broker_is_killed(broker, runnel, four, group):
    one = runnel("one", consumer(four, group, checkpoint="100ms", sinks=["files"]), file("HERE/out/{partition}.jsonl"))
    with Maker(broker, four):
        eventually(lambda: size(one))
    broker.kill()
    broker.start_again()
    broker.produce(four, "after")
    eventually(lambda: broker.carried(group, four), 60)
    assert one.stop() == OK
    assert found(one) == everything(broker, four)
