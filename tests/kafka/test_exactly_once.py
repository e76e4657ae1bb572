"""Each record is in its file once, in the order of its partition, whatever died meanwhile. (A file for each partition
and members that die: test_stopping.)"""

import random

import pytest
from broker import meanwhile
from runnel import OK, consumer, eventually, file

PARTITIONS = 4


@pytest.fixture
def four(broker, name_of_a_topic):
    broker.create(name_of_a_topic, partitions=PARTITIONS)
    return name_of_a_topic


def records(broker, topic):
    """A step of `meanwhile`."""
    def send(step):
        for number in range(20 * step, 20 * step + 20):
            broker.producer.send(topic, b"%d" % number, partition=number % PARTITIONS)

    return send


def everything(broker, topic):
    return {number: list(range(end)) for number, end in broker.ends(topic).items()}


def test_each_record_is_once_in_a_file_that_partitions_share_whatever_kills_the_daemon(broker, runnel, four, group):
    chance = random.Random(7)
    one = runnel("one", consumer(four, group, checkpoint="100ms", sinks=["files"]), file("HERE/out/all.jsonl"))
    with meanwhile(records(broker, four)):
        for _ in range(4):
            wanted = one.size() + chance.randrange(1, 200_000)
            eventually(lambda: one.size() >= wanted, 60)
            one.kill()
            one.start()
    eventually(lambda: broker.carried(group, four), 60)
    assert one.stop() == OK
    assert one.offsets() == everything(broker, four)


def test_nothing_stands_twice_when_the_broker_is_killed(broker, runnel, four, group):
    one = runnel("one", consumer(four, group, checkpoint="100ms", sinks=["files"]), file("HERE/out/{partition}.jsonl"))
    with meanwhile(records(broker, four)):
        eventually(lambda: one.size())
    broker.kill()
    broker.start_again()
    broker.produce(four, "after")
    eventually(lambda: broker.carried(group, four), 60)
    assert one.stop() == OK
    assert one.offsets() == everything(broker, four)
