"""The broker and the witnesses by themselves, without Runnel: a suite that trusts them checks them first."""

import json
import subprocess

from broker import Steady
from runnel import becomes, eventually


def test_kcat_and_kafka_python_read_the_same_records(broker, topic):
    broker.produce(topic, "from kafka-python", b"", key=b"k", headers=[("h", b"1"), ("h", b"2")])
    broker.kcat("-P", "-t", topic, input=b"from kcat\n")
    by_kcat = [json.loads(line) for line in broker.kcat("-C", "-q", "-e", "-o", "beginning", "-J", "-t", topic).splitlines()]
    by_python = broker.read(topic)
    assert [each["payload"].encode() for each in by_kcat] == [b"from kafka-python", b"", b"from kcat"]
    for one, other in zip(by_kcat, by_python, strict=True):
        assert (one["partition"], one["offset"], one["ts"]) == (other.partition, other.offset, other.timestamp)
        assert one["payload"].encode() == other.value
        assert one["key"] == (other.key and other.key.decode())
        assert one.get("headers", []) == [text for name, value in other.headers for text in (name, value.decode())]


def test_kafkas_own_tool_and_kafka_python_see_the_same_group(broker, name_of_a_topic, group, tmp_path):
    topic = name_of_a_topic
    broker.create(topic, partitions=3)
    broker.produce(topic, "a record", partition=2)
    command = ["kcat", "-b", broker.address, "-q", "-u", "-X", "client.id=kcat", "-X", "auto.offset.reset=earliest", "-G", group, topic]
    output = tmp_path / "kcat"
    with open(output, "wb") as out, subprocess.Popen(command, stdout=out) as kcat:
        try:
            all_of_it = {"kcat": {(topic, 0), (topic, 1), (topic, 2)}}
            becomes(all_of_it, lambda: broker.members(group))
            assert broker.members_by_kafkas_own_tool(group) == all_of_it
            becomes("a record\n", output.read_text)
        finally:
            kcat.terminate()
    eventually(lambda: broker.carried(group, topic))
    assert broker.committed(group, topic)[2] == 1


def test_a_group_that_never_was_has_no_position_and_no_members(broker, topic, group):
    becomes({}, lambda: broker.committed(group, topic))
    assert not broker.members(group)


def test_the_steady_producer_keeps_its_pace_and_its_order(broker, name_of_a_topic):
    broker.create(name_of_a_topic, partitions=2)
    steady = Steady(broker, name_of_a_topic, count=50, interval=0.02, partitions=2)
    eventually(steady.done)
    records = broker.read(name_of_a_topic)
    assert [record.value.decode() for record in records] == [*map(str, range(0, 50, 2)), *map(str, range(1, 50, 2))]
    times = sorted(record.timestamp for record in records)
    assert 900 <= times[-1] - times[0] <= 1500
