"""Offsets that no record has, inside a log: each record is in its file once all the same, whatever died meanwhile."""

import itertools
import random

import pytest
from broker import meanwhile
from kafka import KafkaProducer
from runnel import OK, becomes, consumer, eventually, file

PARTITIONS = 2
KEYS = 500


@pytest.fixture
def compacted(broker, name_of_a_topic):
    """A topic from which Kafka has removed most records."""
    broker.create(
        name_of_a_topic, PARTITIONS, cleanup_policy="compact", segment_ms=100, min_cleanable_dirty_ratio=0.01)
    for partition in range(PARTITIONS):
        for number in range(10 * KEYS):
            broker.producer.send(name_of_a_topic, b"x" * 200, b"%d" % (number % KEYS), partition=partition)
        broker.producer.flush(timeout=30)

    looks = itertools.count(1)

    def is_compacted():  # all but the newest segment, which ends with each look
        look = next(looks)
        for partition in range(PARTITIONS):
            broker.produce(name_of_a_topic, "look", key=b"look %d" % look, partition=partition)
        return len(broker.read(name_of_a_topic)) == PARTITIONS * (KEYS + look)

    eventually(is_compacted, 60)
    return name_of_a_topic


def dies_four_times(runnel):
    chance = random.Random(7)
    for _ in range(4):
        wanted = runnel.size() + chance.randrange(1, 20_000)
        eventually(lambda: runnel.size() >= wanted, 60)
        runnel.kill()
        runnel.start()


def in_the_log(broker, topic):
    """By partition the offsets that have a record."""
    offsets = {}
    for record in broker.read(topic):
        offsets.setdefault(record.partition, []).append(record.offset)
    return offsets


def starts(runnel, topic, group):
    flow = consumer(topic, group, checkpoint="100ms", sinks=["files"], session_timeout_ms=2000, heartbeat_interval_ms=300)
    return runnel("one", flow, file("HERE/out/all.jsonl"))


def test_what_is_left_of_a_compacted_topic_is_once_in_a_file(broker, runnel, compacted, group):
    before = in_the_log(broker, compacted)
    assert all(len(offsets) < broker.ends(compacted)[number] / 2 for number, offsets in before.items())

    def send(number):  # with keys of their own: nothing more is removed
        broker.producer.send(compacted, b"x" * 200, b"new %d" % number, partition=number % PARTITIONS)

    with meanwhile(send):
        one = starts(runnel, compacted, group)
        dies_four_times(one)
    broker.producer.flush(timeout=30)
    eventually(lambda: broker.carried(group, compacted), 60)
    assert one.stop() == OK
    found = one.offsets()
    assert found == in_the_log(broker, compacted)
    assert all(set(offsets) >= set(before[number]) for number, offsets in found.items())
    assert not one.about("were deleted before")


def test_what_transactions_aborted_is_in_no_file_and_the_rest_once(broker, runnel, name_of_a_topic, group):
    broker.create(name_of_a_topic, PARTITIONS)
    writer = KafkaProducer(bootstrap_servers=broker.address, transactional_id=name_of_a_topic)
    writer.init_transactions()

    def transaction(number):
        writer.begin_transaction()
        for record in range(20):
            writer.send(name_of_a_topic, b"x" * 200, partition=record % PARTITIONS)
        writer.flush()
        if number % 2:
            writer.commit_transaction()
        else:
            writer.abort_transaction()

    with meanwhile(transaction):
        one = starts(runnel, name_of_a_topic, group)
        dies_four_times(one)
    transaction(0)  # is aborted: the last offsets of all have no record
    writer.close()
    there = in_the_log(broker, name_of_a_topic)
    assert all(len(offsets) < broker.ends(name_of_a_topic)[number] * 0.6 for number, offsets in there.items())
    behind_the_last = {number: offsets[-1] + 1 for number, offsets in there.items()}
    becomes(behind_the_last, lambda: broker.committed(group, name_of_a_topic), 60)
    assert one.stop() == OK
    assert one.offsets() == there
