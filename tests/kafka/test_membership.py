"""What keeps a member in its group, and what ends it."""

import os
from collections import Counter

import pytest
from runnel import OK, becomes, consumer, eventually, producer, stdout

INTERNAL = 70


@pytest.fixture
def four(broker, name_of_a_topic):
    broker.create(name_of_a_topic, partitions=4)
    return name_of_a_topic


def test_a_static_member_that_restarts_gets_its_partitions_back_and_the_others_notice_nothing(broker, runnel, four, group):
    one, two = (
        runnel(name, consumer(four, group, group_instance_id=name), stdout("raw")) for name in ("one", "two"))
    becomes([2, 2], lambda: sorted(map(len, (broker.members(group) or {}).values())))
    changes = two.err.count("giving up")
    held = broker.members(group)["one"]
    assert one.stop() == OK
    one.start()
    broker.produce(four, *map(str, range(200)))
    eventually(lambda: broker.carried(group, four))
    assert Counter(one.lines() + two.lines()) == Counter(map(str, range(200)))
    assert broker.members(group)["one"] == held
    assert two.err.count("giving up") == changes


def test_with_the_cooperative_protocol_only_what_moves_is_given_up(broker, runnel, four, group):
    join = lambda name: runnel(
        name, consumer(four, group, partition_assignment_strategy="cooperative-sticky"), stdout("raw"))
    one = join("one")
    becomes({"one": {(four, partition) for partition in range(4)}}, lambda: broker.members(group))
    two = join("two")
    becomes([2, 2], lambda: sorted(map(len, (broker.members(group) or {}).values())))
    moved = broker.members(group)["two"]
    eventually(lambda: "assigned" in two.err)
    given_up = [line.partition("giving up ")[2] for line in one.err.splitlines() if "giving up " in line]
    assert given_up == [", ".join(f"{topic} [{partition}]" for topic, partition in sorted(moved))]
    assert "lost" not in one.err
    broker.produce(four, *map(str, range(200)))
    eventually(lambda: broker.carried(group, four))
    assert Counter(one.lines() + two.lines()) == Counter(map(str, range(200)))


def test_a_static_member_whose_name_another_one_takes_ends_and_says_so(broker, runnel, topic, group):
    one = runnel("one", consumer(topic, group, group_instance_id="same"), stdout("raw"))
    becomes({"one"}, lambda: set(broker.members(group) or {}))
    runnel("two", consumer(topic, group, group_instance_id="same"), stdout("raw"))
    assert one.ends(within=30) == INTERNAL
    assert "FENCED" in one.err or "fenced" in one.err


def test_a_reader_that_stands_still_delays_no_tick_and_costs_no_membership(broker, runnel, topic, group):
    ticks = topic + "-ticks"
    broker.create(ticks)
    broker.produce(topic, *(f"{number} {'x' * 1000}" for number in range(2000)))  # far more than a pipe holds
    reading, writing = os.pipe()
    one = runnel(
        "one", consumer(topic, group, max_poll_interval_ms=6000), producer(ticks, interval="100ms", value="{seq}"),
        stdout("raw"), start=False).start(output=writing)
    os.close(writing)
    eventually(lambda: len(broker.values(ticks)) > 90, within=30)  # nine seconds, and nobody reads the pipe
    assert set(broker.members(group)) == {"one"}
    assert "missed" not in one.err and "lost" not in one.err
    with open(reading, "rb") as pipe:
        for number in range(2000):
            assert pipe.readline().split()[0] == str(number).encode()
    eventually(lambda: broker.carried(group, topic))
    assert one.stop() == OK
    values = broker.values(ticks)
    assert values == [str(number) for number in range(len(values))]


def test_an_idle_topic_stays_a_member_past_max_poll_interval(broker, runnel, topic, group):
    one = runnel(
        "one", consumer(topic, group, max_poll_interval_ms=6000), producer(topic + "-clock", interval="1s", value="{seq}"),
        stdout("raw"))
    becomes({"one"}, lambda: set(broker.members(group) or {}))
    eventually(lambda: len(broker.values(topic + "-clock")) > 8, within=30)
    broker.produce(topic, "late")
    becomes(["late"], one.lines)
    assert one.err.count("assigned") == 1 and "lost" not in one.err
