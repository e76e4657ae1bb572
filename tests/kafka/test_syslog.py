"""The syslog sink, with a real rsyslog at its other end."""

import re
import socket
from datetime import datetime, timezone

import pytest
from broker import Steady
from rsyslog import Rsyslog
from runnel import OK, STOP_NOT_DELIVERED, becomes, consumer, eventually

ADDRESSES = {
    "udp": "udp://127.0.0.1:PORT",
    "udp over IPv6": "udp://[::1]:PORT",
    "tcp": "tcp://localhost:PORT",
    "tcp over IPv6": "tcp://[::1]:PORT",
    "the local socket": "SOCKET",
}


@pytest.fixture
def rsyslog(tmp_path):
    rsyslog = Rsyslog(tmp_path / "rsyslog")
    yield rsyslog
    rsyslog.close()


@pytest.fixture
def carry(runnel, topic, group):
    """Starts a Runnel that sends the topic to an address."""
    def carry(address, *, settings={}, checkpoint="1s", **entries):
        sink = {"sink.logs": {"type": "syslog", "address": address, **entries}}
        flow = consumer(topic, group, sinks=["logs"], checkpoint=checkpoint)
        return runnel("one", flow, sink, settings=settings)

    return carry


def address_of(rsyslog, way):
    return ADDRESSES[way].replace("PORT", str(rsyslog.port)).replace("SOCKET", str(rsyslog.socket))


def offsets(rsyslog):
    return {int(re.search('offset="([0-9]+)"', each["data"])[1]) for each in rsyslog.received()}


MESSAGES = ["plain", "é 漢 😀", '{"a": [1, "]"]}', "two\nlines <13>1 - \n7 <13>1 x", "50 <30>1 2026-01-01T00:00:00Z forged - - - - x", "end"]


@pytest.mark.parametrize("way", ADDRESSES)
def test_every_message_arrives_as_it_is(broker, topic, group, carry, rsyslog, way):
    broker.produce(topic, *MESSAGES)
    one = carry(address_of(rsyslog, way), facility="local5", severity="notice", app_name="orders-log")
    becomes(MESSAGES, lambda: [each.removeprefix(" ") for each in rsyslog.messages()])
    eventually(lambda: broker.carried(group, topic))
    for record, each in zip(broker.read(topic), rsyslog.received(), strict=True):
        assert (each["pri"], each["app"]) == (str(21 * 8 + 5), "orders-log")
        if way == "the local socket":
            assert each["tag"] == f"orders-log[{one.pid}]:"
            assert datetime.fromisoformat(each["time"]).timestamp() == record.timestamp // 1000
        else:
            assert (each["host"], each["process"]) == (socket.gethostname(), str(one.pid))
            assert each["data"] == f'[runnel@32473 topic="{topic}" partition="0" offset="{record.offset}"]'
            reported = datetime.fromisoformat(each["time"].replace("Z", "+00:00"))
            assert reported == datetime.fromtimestamp(record.timestamp / 1000, timezone.utc)
    assert one.stop() == OK
    assert len(rsyslog.received()) == len(MESSAGES)


@pytest.mark.parametrize("way", ["udp", "tcp", "the local socket"])
def test_what_the_server_would_not_take_is_cut_at_a_character_and_counted(broker, topic, carry, rsyslog, way):
    broker.produce(topic, "é" * 10000, "x" + "é" * 10000, "short")
    one = carry(address_of(rsyslog, way))
    eventually(lambda: "short" in [each.strip() for each in rsyslog.messages()])
    *long, short = [each.strip() for each in rsyslog.messages()]
    assert short == "short" and [each.strip("xé") for each in long] == ["", ""]
    assert all(7900 < len(each.encode()) < 8192 for each in long)
    assert one.stop() == OK
    counts = re.findall(r"(\d+) messages did not fit max_message = 8KiB", one.err)  # the first, and the rest at the end
    assert sum(map(int, counts)) == 2 and len(counts) <= 2


def test_a_json_record_is_one_message(broker, topic, carry, rsyslog):
    broker.produce(topic, "two\nlines", key=b"\x00")
    carry(address_of(rsyslog, "tcp"), format="json")
    eventually(rsyslog.messages)
    (message,) = rsyslog.messages()
    assert message.startswith('{"topic":') and message.endswith("}") and "\n" not in message and r"two\nlines" in message


@pytest.mark.parametrize("way", ["tcp", "the local socket"])
def test_a_server_that_is_killed_under_load_again_and_again_loses_nothing(broker, topic, group, carry, rsyslog, way):
    def numbers():
        return {int(each.split()[0]) for each in rsyslog.messages()}

    carry(address_of(rsyslog, way))
    steady = Steady(broker, topic, count=6000, interval=0.002, value=lambda number: f"{number} {'x' * 500}")
    for _ in range(3):
        reached = len(rsyslog.received())
        eventually(lambda: len(rsyslog.received()) > reached + 300)
        rsyslog.kill()
        sent = steady.sent
        eventually(lambda: steady.sent > sent + 500)
        rsyslog.start()
    eventually(steady.done, within=40)
    eventually(lambda: broker.carried(group, topic))
    becomes(set(range(6000)), numbers)


def test_a_backlog_survives_a_server_that_is_killed_while_it_is_behind(broker, topic, group, carry, rsyslog):
    count = 50_000
    broker.produce(topic, *(f"{number} {'x' * 500}" for number in range(count)))
    carry(address_of(rsyslog, "tcp"))
    for _ in range(3):
        reached = len(rsyslog.received())
        eventually(lambda: len(rsyslog.received()) > reached + 2000)
        rsyslog.kill()
        rsyslog.start()
    eventually(lambda: broker.carried(group, topic), within=40)
    becomes(set(range(count)), lambda: offsets(rsyslog))


def test_nothing_is_committed_that_no_server_took(broker, topic, group, carry, rsyslog):
    rsyslog.stop()
    broker.produce(topic, *"abc")
    one = carry(address_of(rsyslog, "tcp"), settings={"drain": "1s"})
    eventually(lambda: "Connection refused; trying again" in one.err)
    assert broker.committed(group, topic) == {0: 0}
    assert one.stop() == STOP_NOT_DELIVERED
    rsyslog.start()
    one.start()
    becomes(["a", "b", "c"], rsyslog.messages)


def test_a_server_that_hangs_holds_up_the_stop_no_longer_than_the_drain(broker, topic, carry, rsyslog):
    one = carry(address_of(rsyslog, "tcp"), settings={"drain": "2s"}, checkpoint="60s")
    broker.produce(topic, "seen")
    eventually(rsyslog.messages)
    rsyslog.pause()
    broker.produce(topic, *["x" * 8000] * 4000)
    assert one.alive()
    one.signal(15)
    assert one.ends(within=5) in (OK, STOP_NOT_DELIVERED)


def test_udp_to_a_server_that_is_not_there_is_held_back_where_that_can_be_seen(broker, topic, group, carry, rsyslog):
    rsyslog.stop()
    broker.produce(topic, *"abc")
    one = carry(address_of(rsyslog, "udp"))
    eventually(lambda: "Connection refused; trying again" in one.err)
    assert broker.committed(group, topic) == {0: 0}
    rsyslog.start()
    eventually(lambda: broker.carried(group, topic))
    becomes({"a", "b", "c"}, lambda: set(rsyslog.messages()))
