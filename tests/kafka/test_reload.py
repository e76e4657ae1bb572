"""SIGHUP: what changed is exchanged, and what did not change notices nothing."""

import os
import signal

import pytest
from broker import Steady
from runnel import OK, TooLate, becomes, consumer, eventually, file, pending, producer, stdout


def changing(topic, group, number, **options):
    """A flow that a reload must replace when the number is another."""
    return consumer(topic, group, sinks=["changing"], name="changing", fetch_wait_max_ms=100 + number % 2, **options)


def to_file(name):
    return file(f"HERE/out/{name}-{{topic}}-{{partition}}.jsonl", name=name)


def open_files(one, name):
    """The descriptors of its output files."""
    links = {number: os.readlink(f"/proc/{one.pid}/fd/{number}") for number in os.listdir(f"/proc/{one.pid}/fd")}
    return {(number, link) for number, link in links.items() if f"/out/{name}-" in link}


def test_fifty_reloads_exchange_one_flow_and_leave_the_other_alone(broker, runnel, topic, name_of_a_topic, group):
    beats = f"beats-{topic}"
    broker.create(beats)
    broker.create(name_of_a_topic)

    def parts(number):
        return (
            consumer(topic, group, sinks=["same"], name="same"), to_file("same"),
            changing(name_of_a_topic, f"{group}-changing", number), to_file("changing"),
            producer(beats, interval="200ms", value="{seq}"))

    one = runnel("one", *parts(0))
    ticks = [Steady(broker, each, count=3000, interval=0.005, value=lambda n: f"{n}") for each in (topic, name_of_a_topic)]
    eventually(lambda: open_files(one, "same") and open_files(one, "changing"))
    files = open_files(one, "same")
    for number in range(1, 51):
        assert one.reload(*parts(number)) == "done"
        becomes(number + 1, lambda: one.err.count(f"assigned {name_of_a_topic} [0]"))
    assert open_files(one, "same") == files
    assert one.err.count(f"assigned {topic} [0]") == 1
    eventually(lambda: all(each.done() for each in ticks), within=60)

    def offsets(name):
        return [record["offset"] for record in one.written() if record["topic"] == name]

    becomes(list(range(3000)), lambda: offsets(topic))
    becomes(list(range(3000)), lambda: offsets(name_of_a_topic))
    assert one.stop() == OK
    assert one.err.count("ticks missed") == one.err.count("ticks missed: 0") == 1
    heartbeats = broker.read(beats)
    assert [record.value.decode() for record in heartbeats] == [str(number) for number in range(len(heartbeats))]


@pytest.mark.parametrize("text", ["[consumer.archive\n", "[runnel]\nmemroy = \"1MiB\"\n", ""])
def test_a_bad_file_changes_nothing_and_says_why(broker, runnel, topic, group, text):
    one = runnel("one", consumer(topic, group), stdout("raw"))
    broker.produce(topic, "before")
    becomes(["before"], one.lines)
    good = one.config.read_text()
    one.config.write_text(text)
    one.process.send_signal(signal.SIGHUP)
    said = eventually(one.reloads)[0]
    assert said.startswith("nothing has changed: ") and "runneld.toml" in said
    broker.produce(topic, "after")
    becomes(["before", "after"], one.lines)
    assert one.err.count("assigned") == 1
    one.config.write_text(good)
    assert one.stop() == OK


def test_what_librdkafka_refuses_is_refused_too(runnel, topic, group):
    one = runnel("one", consumer(topic, group), stdout("raw"))
    eventually(lambda: "assigned" in one.err)
    said = one.reload(consumer(topic, group, fetch_wait_max_ms=-5), stdout("raw"))
    assert said.startswith("nothing has changed: ") and "fetch.wait.max.ms" in said
    assert one.stop() == OK


def test_flows_and_producers_come_and_go(broker, runnel, topic, name_of_a_topic, group):
    broker.create(name_of_a_topic)
    one = runnel("one", consumer(topic, group), stdout("raw"))
    eventually(lambda: "assigned" in one.err)
    second = consumer(name_of_a_topic, f"{group}-b", name="second", sinks=["files"])
    assert one.reload(second, stdout("raw"), file(), producer(topic, interval="50ms", value="{seq}")) == "done"
    assert "reload: consumer.archive: removed" in one.err
    assert "reload: consumer.second: added" in one.err
    assert "reload: producer.heartbeat: added" in one.err
    broker.produce(name_of_a_topic, "x")
    eventually(one.written)
    eventually(lambda: broker.ends(topic)[0] > 3)
    assert one.lines() == []
    assert not broker.members(group)
    assert one.stop() == OK


def test_limits_and_intervals_are_adjusted_in_place(broker, runnel, topic, group):
    beats = f"beats-{topic}"
    broker.create(beats)

    def parts(interval, checkpoint):
        return (
            consumer(topic, group, checkpoint=checkpoint), stdout("raw"), producer(beats, interval=interval, value="{seq}"))

    one = runnel("one", *parts("1h", "1h"))
    eventually(lambda: "assigned" in one.err)
    broker.produce(topic, "x")
    becomes(["x"], one.lines)
    assert broker.committed(group, topic) in ({}, {0: 0})
    assert one.reload(*parts("50ms", "1s")) == "done"
    assert "producer.heartbeat: adjusted in place (interval)" in one.err
    assert "consumer.archive: adjusted in place (checkpoint.interval)" in one.err
    becomes({0: 1}, lambda: broker.committed(group, topic))
    eventually(lambda: broker.ends(beats)[0] > 5)
    assert one.err.count("assigned") == 1
    assert one.stop() == OK


def test_signals_during_a_reload_are_one_more_reload(broker, runnel, topic, group):
    one = runnel("one", consumer(topic, group), stdout("raw"))
    eventually(lambda: "assigned" in one.err)
    for _ in range(30):
        one.process.send_signal(signal.SIGHUP)
    eventually(one.reloads)
    with pytest.raises(TooLate):
        eventually(lambda: len(one.reloads()) > 5, within=2)
    assert one.stop() == OK


def test_a_sink_that_hangs_holds_a_reload_up_no_longer_than_its_deadline(broker, runnel, topic, name_of_a_topic, group):
    broker.create(name_of_a_topic)
    reader, writer = os.pipe()
    one = runnel("one", consumer(topic, group), stdout("raw"), settings={"drain": "1s"}, start=False)
    one.start(output=writer)
    os.close(writer)
    broker.produce(topic, *["x" * 1000] * 300)  # more than a pipe takes
    eventually(lambda: pending(reader) > 32 * 1024)
    second = consumer(name_of_a_topic, f"{group}-b", name="second", sinks=["files"])
    assert one.reload(second, file(), settings={"drain": "1s"}, within=5) == "done"
    broker.produce(name_of_a_topic, "y")
    eventually(one.written)
    one.signal(signal.SIGTERM)
    one.ends()
    os.close(reader)


@pytest.fixture
def one_file_for_two(broker, runnel, topic, group):
    """Two flows that write one file; the first, which runs, waits for its reader, too. That one's end of a pipe."""
    reader, writer = os.pipe()
    first = consumer(topic, group, name="first", sinks=["files", "console"]), file(), stdout("raw")
    second = consumer(topic, f"{group}-b", name="second", sinks=["files"]), file()
    one = runnel("one", *first, settings={"drain": "1s"}, start=False)
    one.start(output=writer)
    os.close(writer)
    broker.produce(topic, *["x" * 1000] * 300)  # more than a pipe takes: the first flow does not end before it is read
    eventually(lambda: pending(reader) > 32 * 1024)
    yield one, first, second, reader
    one.signal(signal.SIGTERM)
    one.ends()
    os.close(reader)


def read_until(condition, reader):
    """Reads a pipe until the condition holds."""
    def holds():
        while size := pending(reader):
            os.read(reader, size)
        return condition()

    eventually(holds)


def offsets(one):
    return [record["offset"] for record in one.written()]


def test_a_file_that_goes_from_one_flow_to_another_is_taken_over_when_the_first_has_ended(broker, topic, group, one_file_for_two):
    one, _, second, reader = one_file_for_two
    one.configure(*second, settings={"drain": "5s"})
    one.process.send_signal(signal.SIGHUP)
    eventually(lambda: one.about("consumer.first: removed"))
    read_until(one.reloads, reader)
    eventually(lambda: broker.carried(f"{group}-b", topic))
    assert offsets(one)[-300:] == list(range(300)) and one.warnings() == []


def test_a_file_in_which_a_flow_left_what_is_not_committed_waits_for_that_flow(broker, topic, group, one_file_for_two):
    one, first, second, reader = one_file_for_two
    assert one.reload(*second, settings={"drain": "1s"}, within=5) == "done"
    eventually(lambda: one.about("flow second", "speaks of this file too"))
    assert one.reload(*first, settings={"drain": "1s"}, within=5) == "done"
    read_until(lambda: broker.carried(group, topic), reader)
    assert offsets(one) == list(range(300))


def test_two_flows_exchange_their_files(broker, runnel, topic, name_of_a_topic, group):
    broker.create(name_of_a_topic)

    def parts(of_one, of_two):
        return (
            consumer(topic, group, name="one", sinks=["a"]), file(f"HERE/out/{of_one}", name="a"),
            consumer(name_of_a_topic, f"{group}-b", name="two", sinks=["b"]), file(f"HERE/out/{of_two}", name="b"))

    one = runnel("one", *parts("x.jsonl", "y.jsonl"))
    steady = [Steady(broker, each, count=600, interval=0.003) for each in (topic, name_of_a_topic)]
    for files in (("y.jsonl", "x.jsonl"), ("x.jsonl", "y.jsonl")):
        reached = len(one.written())
        eventually(lambda: len(one.written()) > reached + 100)
        assert one.reload(*parts(*files)) == "done"
    eventually(lambda: all(each.done() for each in steady))
    for each in (topic, name_of_a_topic):
        becomes(list(range(600)), lambda: sorted(record["offset"] for record in one.written() if record["topic"] == each))
    assert one.stop() == OK


def test_a_configuration_from_standard_input_cannot_be_read_again(broker, runnel, topic, group):
    one = runnel("one", consumer(topic, group), stdout("raw"), start=False)
    one.source = "-"
    one.start(input=one.config)
    eventually(lambda: "assigned" in one.err)
    one.process.send_signal(signal.SIGHUP)
    eventually(lambda: "a configuration that did not come from a file cannot be read again; restart instead" in one.err)
    assert one.stop() == OK


def test_check_against_prints_the_plan(runnel, topic, group, tmp_path):
    one = runnel("one", consumer(topic, group), stdout("raw"), start=False)
    old = tmp_path / "old.toml"
    old.write_text(one.config.read_text())
    one.configure(consumer(topic, group, client_rack="r"), stdout("raw"))
    code, out, err = one.run("--check", "--against", str(old))
    assert code == OK
    assert out.splitlines()[1:] == ["consumer.archive: replaced (kafka.client.rack)", "unchanged: runnel"]
    code, out, err = one.run("--against", str(old))
    assert code == 64 and "--check" in err
