"""Topics that are made, grown, matched and deleted while Runnel runs, with librdkafka's and Runnel's own settings.

All of it happens at once, in one process with a flow for each, so that one wait does for all."""

from types import SimpleNamespace

import pytest
from runnel import OK, becomes, consumer, eventually, producer, stdout

FOUND = 30  # seconds, as it is promised


@pytest.fixture(scope="module")
def changed(fragile, shared_runnel):
    """A Runnel whose topics have just changed."""
    create, produce = fragile.create, fragile.produce
    for topic in ("growing", "matched-1", "deleted", "staying", "latest-1"):
        create(topic)
    produce("growing", "old")
    produce("deleted", "before")
    produce("staying", "before")
    one = shared_runnel(
        "one",
        consumer("absent", "g-absent", name="unmade"),
        consumer(["absent-too", "absent-three"], "g-absent-too", name="unmade-too", reset="latest"),
        consumer("growing", "g-growing", name="growing", reset="latest"),
        consumer("^matched-.*", "g-matched", name="matched"),
        consumer(["deleted", "staying"], "g-deleted", name="deleted"),
        producer("heartbeats", interval="1s", value="{seq}", **{"kafka.message.timeout.ms": 2000}),
        stdout("json"), settings={"drain": "10s"}, kafka={"topic.metadata.refresh.interval.ms": None})
    becomes({0: 1}, lambda: fragile.committed("g-growing", "growing"))
    becomes({0: 0}, lambda: fragile.committed("g-matched", "matched-1"))
    becomes({0: 1}, lambda: fragile.committed("g-deleted", "deleted"))
    eventually(lambda: all(one.about("not available", f" {name}:") for name in ("absent", "absent-too", "absent-three")))
    eventually(lambda: one.about("heartbeat", "not delivered"))
    early = one.warnings()

    create("absent")
    fragile.grow("growing", 3)
    create("matched-2", partitions=2)
    create("heartbeats")
    fragile.delete("deleted")
    produce("absent", "first", "second")
    produce("growing", "new 1", partition=1)
    produce("growing", "new 2", partition=2)
    produce("matched-2", "a", partition=0)
    produce("matched-2", "b", partition=1)
    produce("staying", "after")
    return SimpleNamespace(runnel=one, early=early)


def values(changed, topic):
    return sorted(record["value"] for record in changed.runnel.printed() if record["topic"] == topic)


def test_a_topic_that_is_missing_is_one_warning_and_each_has_its_own(changed):
    for topic in ("absent", "absent-too", "absent-three"):
        lines = [line for line in changed.early if f" {topic}:" in line]
        assert len(lines) == 1
        assert "waiting for it to be made" in lines[0]


def test_a_topic_that_is_made_later_is_found(changed):
    becomes(["first", "second"], lambda: values(changed, "absent"), within=FOUND)


def test_partitions_that_are_added_later_are_read_from_their_beginning_with_latest_too(changed):
    becomes(["new 1", "new 2"], lambda: values(changed, "growing"), within=FOUND)


def test_a_topic_that_is_matched_later_is_found(changed):
    becomes(["a", "b"], lambda: values(changed, "matched-2"), within=FOUND)


def test_heartbeats_for_a_topic_that_is_made_later_go_there(changed, fragile):
    eventually(lambda: fragile.values("heartbeats"), within=FOUND)


def test_a_deleted_topic_is_one_line_and_its_neighbour_goes_on(changed, fragile):
    becomes(["after", "before"], lambda: values(changed, "staying"), within=FOUND)
    eventually(lambda: changed.runnel.about("deleted", "not available"), within=FOUND)
    becomes({0: 2}, lambda: fragile.committed("g-deleted", "staying"))
    assert fragile.committed("g-deleted", "deleted") == {}
    about_it = changed.runnel.about("warning", " deleted")
    assert len(about_it) == 1


def test_it_ends_in_time_though_a_topic_was_deleted(changed):
    assert changed.runnel.stop(within=4) == OK  # librdkafka's threads of that flow hang for ever
    assert not changed.runnel.about("does not answer")
