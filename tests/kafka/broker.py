"""A real Apache Kafka, and kafka-python and kcat as the witnesses of what is in it.

The witnesses read by partition and offset and join no group, so they never take part in what they watch."""

import contextlib
import itertools
import random
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

SCRIPT = Path(__file__).with_name("kafka")
LISTENERS = 6
GROUP_TOOL = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"


def free_ports():
    """The first of LISTENERS free ports in a row, below the range from which the kernel gives out its own; anywhere
    there, so that two runs beside each other hardly choose the same."""
    places = range(20000, 32000, 10)
    for first in random.sample(places, len(places)):
        taken = []
        try:
            for port in range(first, first + LISTENERS):
                taken.append(socket.create_server(("127.0.0.1", port)))
            return first
        except OSError:
            continue
        finally:
            for each in taken:
                each.close()
    raise RuntimeError("no free ports for a broker between 20000 and 32000")


class Broker:
    def __init__(self, directory, *, port=None, **settings):
        """Settings of the broker go with _ for each dot: auto_create_topics_enable="false". The first of its ports may be
        given: one of free_ports()."""
        self.directory = directory
        lines = [f"{key.replace('_', '.')}={value}\n" for key, value in settings.items()]
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "extra.properties").write_text("".join(lines))
        self._script("start", port or free_ports())
        lines = self._script("env").decode().split()
        self.environment = dict(line.split("=", 1) for line in lines)
        self.address = self.environment["PLAINTEXT"]
        self.admin = KafkaAdminClient(bootstrap_servers=self.address)
        self.producer = KafkaProducer(bootstrap_servers=self.address, acks="all", max_request_size=4 << 20)

    def _script(self, action, *arguments):
        command = [SCRIPT, action, self.directory, *map(str, arguments)]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=300).stdout

    # its life

    def close(self):
        self.producer.close(timeout=1)
        self.admin.close()
        self.signal(signal.SIGCONT)
        self.kill()

    def alive(self):
        host, port = self.address.split(":")
        with socket.socket() as attempt:
            return attempt.connect_ex((host, int(port))) == 0

    def kill(self):
        self._script("kill")

    def start_again(self):
        self._script("start")

    def signal(self, number):
        subprocess.run(["kill", f"-{number.value}", (self.directory / "pid").read_text().strip()], check=False)

    # topics and records

    def create(self, topic, partitions=1, **settings):
        settings = {key.replace("_", "."): str(value) for key, value in settings.items()}
        wanted = {"num_partitions": partitions, "replication_factor": 1, "configs": settings}
        self.admin.create_topics({topic: wanted}, wait_for_metadata=True)

    def grow(self, topic, partitions):
        self.admin.create_partitions({topic: partitions})
        self.admin.wait_for_topics([topic])

    def delete(self, topic):
        self.admin.delete_topics([topic])

    def batches(self, topic):
        """The bytes of each batch of records in partition 0, as they lie on the broker's disk."""
        data, found = (self.directory / f"data/{topic}-0/{0:020}.log").read_bytes(), []
        while data:
            size = 12 + int.from_bytes(data[8:12], "big")
            found, data = [*found, data[:size]], data[size:]
        return found

    def produce(self, topic, *values, key=None, headers=(), partition=None):
        """Writes the values (text or bytes or None) in their order; returns when the broker has them all."""
        values = [value.encode() if isinstance(value, str) else value for value in values]
        sent = [self.producer.send(topic, value, key, list(headers), partition) for value in values]
        self.producer.flush(timeout=30)
        for each in sent:
            each.get(timeout=10)

    def read(self, topic):
        """All that is in the topic now, by partition and offset, as kafka-python gives it."""
        records = []
        options = {"enable_auto_commit": False, "isolation_level": "read_committed", "max_partition_fetch_bytes": 4 << 20}
        consumer = KafkaConsumer(bootstrap_servers=self.address, **options)
        try:
            partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
            if not partitions:
                return []  # the topic is being made
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
            ends = consumer.end_offsets(partitions)
            deadline = time.monotonic() + 20
            while any(consumer.position(partition) < ends[partition] for partition in partitions):
                assert time.monotonic() < deadline, f"kafka-python does not reach the end of {topic}"
                for batch in consumer.poll(timeout_ms=200).values():
                    records += batch
        finally:
            consumer.close()
        return sorted(records, key=lambda record: (record.partition, record.offset))

    def values(self, topic):
        return [record.value.decode() for record in self.read(topic)]

    def ends(self, topic):
        """The offset that each partition's next record will have."""
        count = len(self.admin.describe_topics([topic])[0]["partitions"])
        partitions = {TopicPartition(topic, number): -1 for number in range(count)}
        found = self.admin.list_partition_offsets(partitions)
        return {partition.partition: place.offset for partition, place in found.items()}

    def delete_before(self, topic, partition, offset):
        self.admin.delete_records({TopicPartition(topic, partition): offset})

    def kcat(self, *arguments, input=b""):
        command = ["kcat", "-b", self.address, *arguments]
        return subprocess.run(command, input=input, check=True, stdout=subprocess.PIPE, timeout=60).stdout

    # groups

    def committed(self, group, topic):
        """The group's position in each partition of the topic that has one."""
        found = self.admin.list_group_offsets({group: None})[group]
        return {at.partition: place.offset for at, place in found.items() if at.topic == topic and place.offset >= 0}

    def carried(self, group, topic):
        """Whether the group has committed all that is in the topic."""
        committed = self.committed(group, topic)
        return all(committed.get(partition, 0) == end for partition, end in self.ends(topic).items())

    def members(self, group):
        """Which partitions each member holds, by client id: {"one": {("topic", 0)}}; None while a rebalance goes on."""
        described = self.admin.describe_groups([group])[group]
        if described["group_state"] != "Stable":
            return None
        return {member["client_id"]: _partitions(member["member_assignment"]) for member in described["members"]}

    def members_by_kafkas_own_tool(self, group):
        """The same, as kafka-consumer-groups prints it."""
        printed = self._script("tool", GROUP_TOOL, "--describe", "--members", "--verbose", "--group", group)
        rows = [line.split() for line in printed.decode().splitlines() if line.startswith(f"{group} ")]
        return {client: _partitions_in_text(held) for _, _, _, client, _, _, held, *_ in rows}

    def move(self, group, topic, by):
        """Moves the positions of a group that has no member, in all partitions, by kafka-consumer-groups."""
        self._script(
            "tool", GROUP_TOOL, "--reset-offsets", "--shift-by", by, "--topic", topic, "--group", group, "--execute")


def _partitions(assignment):
    topics = assignment["assigned_partitions"] if assignment else []
    return {(each["topic"], partition) for each in topics for partition in each["partitions"]}


def _partitions_in_text(text):
    """topic:0,1;other:2"""
    topics = [part.split(":") for part in text.split(";") if ":" in part]
    return {(topic, int(partition)) for topic, numbers in topics for partition in numbers.split(",")}


@contextlib.contextmanager
def meanwhile(step):
    """Calls step(0), step(1), … on a thread, a little apart, until what stands inside has ended."""
    over, failed = threading.Event(), []

    def run():
        try:
            for number in itertools.count():
                if over.wait(0.002):
                    return
                step(number)
        except Exception as error:  # raised again below
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(60)
    if failed:
        raise failed[0]
    assert not thread.is_alive()


class Steady(threading.Thread):
    """Produces value(0), value(1), … at a steady pace, in turn to each of the partitions, until it has done `count`."""

    def __init__(self, broker, topic, *, count, interval, partitions=1, value=str):
        super().__init__(daemon=True)
        self.broker, self.topic, self.partitions = broker, topic, partitions
        self.count, self.interval, self.value = count, interval, value
        self.sent = 0
        self.start()

    def run(self):
        begin = time.monotonic()
        for number in range(self.count):
            time.sleep(max(0, begin + number * self.interval - time.monotonic()))
            value = self.value(number).encode()
            self.broker.producer.send(self.topic, value, partition=number % self.partitions)
            self.sent = number + 1
        self.broker.producer.flush(timeout=60)

    def done(self):
        return not self.is_alive()
