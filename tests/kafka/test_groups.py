"""Members of one group share the records and the partitions."""

from collections import Counter

import pytest
from runnel import OK, becomes, consumer, eventually, producer, stdout


@pytest.fixture
def four(broker, name_of_a_topic):
    broker.create(name_of_a_topic, partitions=4)
    return name_of_a_topic


@pytest.fixture
def ten(broker, name_of_a_topic):
    broker.create(name_of_a_topic, partitions=10)
    return name_of_a_topic


def shares(members):
    return members and sorted(map(len, members.values()), reverse=True)


def printed(*runnels):
    return Counter(line for each in runnels for line in each.lines())


# the records

def test_each_record_comes_out_of_exactly_one_member_also_when_one_is_restarted(broker, runnel, four, group):
    both = [runnel(name, consumer(four, group), stdout("raw")) for name in ("one", "two")]
    becomes([2, 2], lambda: shares(broker.members(group)))
    maker = runnel("maker", producer(four, interval="25ms", count=300, key="{seq}", value="{seq}"), start=False)
    maker.start()
    maker.running.discard(maker)  # it is to end by itself
    eventually(lambda: all(each.lines() for each in both))
    assert both[1].stop() == OK
    so_far = len(both[1].lines())
    both[1].start()
    eventually(lambda: len(both[1].lines()) > so_far)
    assert maker.ends() == OK
    eventually(lambda: broker.carried(group, four))
    assert printed(*both) == Counter(map(str, range(300)))
    assert [each.stop() for each in both] == [OK, OK]
    assert printed(*both) == Counter(map(str, range(300)))


def test_a_restarted_member_that_was_alone_prints_nothing_twice(broker, runnel, four, group):
    broker.produce(four, *map(str, range(100)))
    one = runnel("one", consumer(four, group), stdout("raw"))
    eventually(lambda: len(one.lines()) >= 100)
    assert one.stop() == OK
    one.start()
    for partition in range(4):
        broker.produce(four, f"last of {partition}", partition=partition)
    eventually(lambda: broker.carried(group, four))
    assert printed(one) == Counter([*map(str, range(100)), *(f"last of {partition}" for partition in range(4))])


def test_another_group_reads_all_from_the_beginning(broker, runnel, four, group):
    broker.produce(four, *map(str, range(20)))
    one = runnel("one", consumer(four, group), stdout("raw"))
    eventually(lambda: broker.carried(group, four))
    other = runnel("other", consumer(four, group + "-other"), stdout("json"))
    eventually(lambda: broker.carried(group + "-other", four))
    assert printed(one) == Counter(map(str, range(20)))
    by_partition = sorted(other.printed(), key=lambda record: record["partition"])  # and within it as they were printed
    assert [record["value"] for record in by_partition] == broker.values(four)


# the partitions

def test_ten_partitions_are_shared_by_one_to_ten_members_and_an_eleventh_stands_by(broker, runnel, ten, group):
    members = {}

    def join(count):
        for _ in range(count):
            name = f"member-{len(members) + 1}"
            members[name] = runnel(name, consumer(ten, group), stdout("json"))

    def output_agrees(round):
        """What each member prints lies in the partitions that the broker says it holds."""
        for partition in range(10):
            broker.produce(ten, round, partition=partition)

        def seen():
            return {
                name: {(ten, record["partition"]) for record in each.printed() if record["value"] == round}
                for name, each in members.items() if each.alive()}

        becomes(broker.members(group), seen)

    for count, expected in [
        (1, [10]), (2, [5, 5]), (3, [4, 3, 3]), (10, [1] * 10), (11, [1] * 10 + [0]),
    ]:
        join(count - len(members))
        becomes(expected, lambda: shares(broker.members(group)), within=40)
        output_agrees(f"{count} members")
        if count == 3:
            assert broker.members_by_kafkas_own_tool(group) == broker.members(group)

    idle = next(name for name, held in broker.members(group).items() if not held)
    busy = next(name for name, held in broker.members(group).items() if held)
    assert members[busy].stop() == OK
    becomes([1] * 10, lambda: shares(broker.members(group)), within=40)
    assert broker.members(group)[idle]
    output_agrees("one has left")
    values = Counter((record["partition"], record["value"]) for each in members.values() for record in each.printed())
    assert set(values.values()) == {1} and len(values) == 6 * 10


@pytest.mark.parametrize("reset", ["earliest", "latest"])
def test_partitions_that_are_added_later_are_read_from_their_beginning(broker, runnel, topic, group, reset):
    one = runnel("one", consumer(topic, group, reset=reset), stdout("raw"))
    becomes({0: 0}, lambda: broker.committed(group, topic))
    broker.grow(topic, 3)
    broker.produce(topic, "in a new partition", "at once", partition=1)
    broker.produce(topic, "in another", partition=2)
    becomes(Counter(["in a new partition", "at once", "in another"]), lambda: printed(one), within=30)
    becomes({"one": {(topic, 0), (topic, 1), (topic, 2)}}, lambda: broker.members(group))


def test_a_topic_that_is_made_later_is_found(broker, runnel, name_of_a_topic, group):
    one = runnel("one", consumer(name_of_a_topic, group), stdout("raw"))
    eventually(lambda: name_of_a_topic in one.err)  # says that it is not there, and lives
    broker.create(name_of_a_topic)
    broker.produce(name_of_a_topic, "here I am")
    becomes(["here I am"], one.lines, within=30)


def test_a_topic_that_matches_a_pattern_later_is_found(broker, runnel, name_of_a_topic, group):
    first, second, other = (f"{name_of_a_topic}-{end}" for end in ("first", "second", "x"))
    broker.create(first)
    broker.create(other)
    broker.produce(other, "not this one")
    broker.produce(first, "one")
    one = runnel("one", consumer(f"^{name_of_a_topic}-(first|second)$", group), stdout("raw"))
    becomes(["one"], one.lines, within=30)
    broker.create(second)
    broker.produce(second, "two")
    becomes(["one", "two"], one.lines, within=30)


def test_two_flows_of_one_process_with_two_groups_print_each_its_own(broker, runnel, topic, group):
    broker.produce(topic, "a", "b")
    one = runnel(
        "one", consumer(topic, group, name="archive"), consumer(topic, group + "-2", name="second", sinks=["files"]),
        stdout("raw"), {"sink.files": {"type": "file", "path": "HERE/out/{topic}.jsonl", "format": "json"}})
    becomes(["a", "b"], one.lines)
    becomes(["a", "b"], lambda: [record["value"] for record in one.written()])
