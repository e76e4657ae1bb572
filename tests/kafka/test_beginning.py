"""Where a group begins, and where it goes on."""

from collections import Counter

import pytest
from kafka import KafkaProducer
from runnel import OK, becomes, consumer, eventually, stdout


@pytest.fixture
def three(broker, name_of_a_topic):
    broker.create(name_of_a_topic, partitions=3)
    return name_of_a_topic


def test_a_new_group_with_earliest_begins_at_offset_0(broker, runnel, topic, group):
    broker.produce(topic, "0", "1", "2")
    one = runnel("one", consumer(topic, group, reset="earliest"), stdout("json"))
    becomes([(0, "0"), (1, "1"), (2, "2")], lambda: [(record["offset"], record["value"]) for record in one.printed()])


def test_a_new_group_with_latest_prints_nothing_until_a_new_record_comes(broker, runnel, topic, group):
    broker.produce(topic, "old", "older")
    one = runnel("one", consumer(topic, group, reset="latest"), stdout("raw"))
    becomes({0: 2}, lambda: broker.committed(group, topic))
    assert one.lines() == []
    broker.produce(topic, "new")
    becomes(["new"], one.lines)


@pytest.mark.parametrize("members", [1, 2, 3])
def test_a_new_group_with_latest_has_its_position_from_the_first_moment(broker, runnel, three, group, members):
    for partition in range(3):
        broker.produce(three, *["old"] * partition, partition=partition)
    all_of_them = [runnel(f"member-{number}", consumer(three, group, reset="latest"), stdout("raw")) for number in range(members)]
    becomes({0: 0, 1: 1, 2: 2}, lambda: broker.committed(group, three))
    assert [each.stop() for each in all_of_them] == [OK] * members
    news = [f"new {partition} {number}" for partition in range(3) for number in range(2)]
    for each in news:
        broker.produce(three, each, partition=int(each.split()[1]))
    for each in all_of_them:
        each.start()
    eventually(lambda: broker.carried(group, three))
    assert Counter(line for each in all_of_them for line in each.lines()) == Counter(news)


def test_a_group_with_latest_that_is_killed_before_a_record_comes_keeps_its_position(broker, runnel, topic, group):
    broker.produce(topic, "old")
    one = runnel("one", consumer(topic, group, reset="latest"), stdout("raw"))
    becomes({0: 1}, lambda: broker.committed(group, topic))
    one.kill()
    broker.produce(topic, "while it was dead")
    one.start()
    becomes(["while it was dead"], one.lines)


@pytest.mark.parametrize("reset", ["earliest", "latest"])
def test_a_group_that_stopped_after_record_50_goes_on_at_51(broker, runnel, topic, group, reset):
    broker.produce(topic, *map(str, range(1, 51)))
    before = runnel("before", consumer(topic, group, reset="earliest"), stdout("raw"))
    becomes("50", lambda: before.lines()[-1:] and before.lines()[-1])
    assert before.stop() == OK
    broker.produce(topic, *map(str, range(51, 101)))
    after = runnel("after", consumer(topic, group, reset=reset), stdout("raw"))
    becomes([str(number) for number in range(51, 101)], after.lines)


def test_what_retention_deleted_is_reported_and_delivery_goes_on_behind_it(broker, runnel, topic, group):
    broker.produce(topic, *map(str, range(10)))
    one = runnel("one", consumer(topic, group, reset="latest"), stdout("raw"))
    becomes({0: 10}, lambda: broker.committed(group, topic))
    assert one.stop() == OK
    broker.produce(topic, *map(str, range(10, 20)))
    broker.delete_before(topic, 0, 15)
    one.start()
    becomes(["15", "16", "17", "18", "19"], one.lines)
    eventually(lambda: any(topic in line and "10" in line and ("14" in line or "15" in line) for line in one.err.splitlines()))


def test_the_gaps_of_transactions_are_stepped_over(broker, runnel, topic, group):
    writer = KafkaProducer(bootstrap_servers=broker.address, transactional_id=topic)
    writer.init_transactions()
    for value, end in [(b"kept", writer.commit_transaction), (b"dropped", writer.abort_transaction), (b"kept too", writer.commit_transaction)]:
        writer.begin_transaction()
        writer.send(topic, value)
        writer.flush()
        end()
    one = runnel("one", consumer(topic, group), stdout("raw"))
    becomes(["kept", "kept too"], one.lines)
    assert one.stop() == OK
    one.start()
    writer.begin_transaction()
    writer.send(topic, b"last")
    writer.commit_transaction()
    writer.close()
    becomes(["kept", "kept too", "last"], one.lines)
