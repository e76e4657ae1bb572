"""Brokers that are away, come back, answer nonsense, or are something else."""

import os
import signal
import socket
import threading
import time
from contextlib import ExitStack

import pytest
from runnel import OK, becomes, consumer, eventually, file, producer, stdout

QUICK = {"reconnect.backoff.max.ms": 200}


def on(broker, **kafka):
    return {"kafka": {"bootstrap.servers": broker.address, **QUICK, **{key.replace("_", "."): value for key, value in kafka.items()}}}


def values(one):
    return [int(record["value"]) for record in one.written()]


def test_a_broker_that_is_away_at_the_start_and_dies_again_costs_no_record_and_few_lines(
        fragile, killed, runnel, name_of_a_topic, group):
    topic, broker = name_of_a_topic, fragile
    broker.create(topic)
    killed()
    one = runnel(
        "one", consumer(topic, group, sinks=["files"]), producer(topic, interval="50ms", count=400, value="{seq}"),
        producer(topic + "-lost", interval="50ms", value="x", name="impatient", **{"kafka.message.timeout.ms": 1000}),
        producer(topic + "-lost", interval="50ms", value="x", name="narrow", **{"kafka.queue.buffering.max.messages": 5}),
        file(), **on(broker))
    eventually(lambda: one.about("impatient", "not delivered", "timed out"))
    eventually(lambda: one.about("narrow", "not delivered", "queue is full"))
    for area in ("consumer archive", "producer heartbeat"):
        eventually(lambda: one.about("warning", area, "Connection refused", broker.address, "trying again"))
        assert len(one.about("warning", area, "Connection refused")) == 1
    broker.start_again()
    eventually(lambda: len(values(one)) > 50, within=40)
    broker.kill()
    broker.start_again()
    eventually(lambda: one.about("producer heartbeat: ended"), within=60)
    eventually(lambda: broker.carried(group, topic), within=40)
    assert sorted(set(values(one))) == list(range(400))
    assert broker.values(topic) == [str(number) for number in range(400)]  # idempotent: no double, and in order
    assert len(one.warnings()) < 25
    one.signal(signal.SIGTERM)


def test_a_broker_that_hangs_for_a_while_costs_no_record_and_few_lines(fragile, hung, runnel, name_of_a_topic, group):
    topic = name_of_a_topic
    fragile.create(topic)
    one = runnel(
        "one", consumer(topic, group, sinks=["files"]), producer(topic, interval="50ms", count=200, value="{seq}"), file(),
        **on(fragile, socket_timeout_ms=2000))
    eventually(lambda: len(values(one)) > 20)
    hung()
    eventually(lambda: one.about("consumer archive", "timed out"), within=30)
    eventually(lambda: one.about("producer heartbeat", "timed out"), within=30)
    fragile.signal(signal.SIGCONT)
    eventually(lambda: one.about("producer heartbeat: ended"), within=40)
    eventually(lambda: fragile.carried(group, topic), within=40)
    assert sorted(set(values(one))) == list(range(200))
    assert fragile.values(topic) == [str(number) for number in range(200)]
    assert len(one.warnings()) < 15
    assert one.stop() == OK


# what is no Kafka

def garbage(connection):
    connection.recv(1000)
    connection.sendall(os.urandom(5000))


def http(connection):
    connection.recv(1000)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n\x1b[31mgotcha\n")


def endless(connection):
    while True:
        connection.sendall(b"\x00" * 65536)


def one_that(answers, stack):
    """The address of a server on which each connection gets this treatment, and is then closed."""
    server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

    def treat(connection):
        with connection:
            try:
                answers(connection)
            except OSError:
                pass

    def accept():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=treat, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return "127.0.0.1:%d" % server.getsockname()[1]


def memory(one):
    """Resident bytes."""
    with open(f"/proc/{one.pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def strange(broker, topic, group, runnel):
    """A Runnel on each of many things that are not what it was told, by what they are."""
    here, ca = broker.environment, {"ssl.ca.location": broker.environment["CA"]}
    with ExitStack() as stack:
        ports = {
            "closes at once": {"bootstrap.servers": one_that(lambda connection: None, stack)},
            "garbage": {"bootstrap.servers": one_that(garbage, stack)},
            "a web server": {"bootstrap.servers": one_that(http, stack)},
            "zeros without end": {"bootstrap.servers": one_that(endless, stack)},
            "nobody there": {"bootstrap.servers": "127.0.0.1:1"},
            "no such host": {"bootstrap.servers": "no.such.host.invalid:9092"},
            "no TLS": {"bootstrap.servers": here["PLAINTEXT"], "security.protocol": "SSL", **ca},
            "TLS": {"bootstrap.servers": here["SSL"]},
            "asks for a certificate": {"bootstrap.servers": here["SSL"], "security.protocol": "SSL", **ca},
            "asks for a password": {"bootstrap.servers": here["SASL"]},
        }
        yield {
            name: runnel(
                name.replace(" ", "-"), consumer(topic, group), producer(topic, interval="200ms", value="x"), stdout("raw"),
                kafka={**kafka, **QUICK}, settings={"drain": "200ms"})
            for name, kafka in ports.items()}


def test_whatever_answers_in_place_of_a_broker_is_a_warning_and_no_more(strange):
    for name, one in strange.items():
        eventually(lambda: one.about("warning", "consumer archive") and one.about("warning", "producer heartbeat"))
    before = {name: memory(one) for name, one in strange.items()}
    end = time.monotonic() + 4  # time for twenty more attempts, of which nothing may be seen
    eventually(lambda: time.monotonic() > end)
    for name, one in strange.items():
        assert one.alive(), name
        assert len(one.about()) <= 6, name  # the causes of a consumer and of a producer, each once
        for line in one.warnings():
            assert "trying again" in line or "retrying" in line, (name, line)
        assert memory(one) < before[name] + (2 << 20), name
        assert "\x1b" not in one.err


def test_a_broker_may_have_an_ipv6_address(broker, runnel, topic, group):
    assert broker.environment["IPV6"].startswith("[::1]:")
    broker.produce(topic, "come in")
    one = runnel("one", consumer(topic, group), stdout("raw"), kafka={"bootstrap.servers": broker.environment["IPV6"]})
    becomes(["come in"], one.lines)
    assert one.stop() == OK
    two = runnel("two", consumer(topic, group), stdout("raw"), kafka={"bootstrap.servers": "[::1]:1"})
    eventually(lambda: two.about("warning", "[::1]:1"))
