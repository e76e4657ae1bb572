"""The units themselves: how much they allow, what they refuse, and how the watchdog ends what stands still."""

import re

import pytest
from broker import Steady
from machine import LOGS, offsets, written
from runnel import BAD_CONFIGURATION, TooLate, becomes, consumer, eventually, file, stdout

FILES = file(f"{LOGS}/{{topic}}-{{partition}}.jsonl")
MOST_EXPOSED = 1.5


def carries(topic, group, **options):
    return consumer(topic, group, sinks=["files"], **options), FILES


@pytest.mark.parametrize("unit", ["runneld.service", "runneld@orders.service"])
def test_the_unit_is_right_and_hardened(machine, unit):
    verified = machine.run("systemd-analyze", "verify", "--man=no", unit)
    assert (verified.stdout, verified.stderr) == ("", "")
    printed = machine.run("systemd-analyze", "security", "--no-pager", unit).stdout
    assert float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", printed)[1]) <= MOST_EXPOSED


def test_a_password_comes_as_a_credential(machine, service, broker, topic, group):
    one = service("runneld", *carries(topic, group), kafka={
        "bootstrap.servers": broker.environment["SASL"], "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN",
        "sasl.username": "alice", "sasl.password": {"credential": "kafka-password"}})
    machine.write("/etc/runnel/kafka-password", "alice-secret\n")
    (machine.root / "etc/runnel/kafka-password").chmod(0o600)
    one.drop_in("LoadCredential=kafka-password:/etc/runnel/kafka-password")
    one.start()
    broker.produce(topic, "x")
    becomes(["x"], lambda: [record["value"] for record in written(machine)])
    one.reload()
    assert one.state() == "active"


def test_the_status_says_that_a_reload_was_refused_that_the_check_could_not_judge(machine, service, broker, topic, group):
    """systemd 252 hides credentials from the check, so that only the daemon sees that one is missing."""
    one = service("runneld", *carries(topic, group))
    machine.write("/etc/runnel/password", "x")
    one.drop_in("LoadCredential=password:/etc/runnel/password")
    one.start()
    good = one.config.read_text()
    one.configure(*carries(topic, group), kafka={"sasl.password": {"credential": "pasword"}})
    one.reload(check=False)
    (said,) = eventually(lambda: one.said("nothing has changed: "))
    assert f'{one.config.name}:' in said and "kafka.sasl.password" in said and "pasword" in said
    reason = said.partition("nothing has changed: ")[2]
    becomes(f"1 flow: idle; the last reload was refused: {reason}", lambda: one.shows("StatusText"))
    broker.produce(topic, "x")
    becomes(["x"], lambda: [record["value"] for record in written(machine)])

    one.config.write_text(good)
    one.reload()
    eventually(lambda: "reload was refused" not in one.shows("StatusText"))


def test_a_path_that_the_unit_forbids_is_refused_with_the_line_to_add(machine, service, broker, topic, group):
    one = service("runneld", consumer(topic, group, sinks=["files"]), file("/srv/archive/{topic}/{partition}.jsonl"))
    assert one.start(check=False).returncode != 0
    becomes(["failed", str(BAD_CONFIGURATION), "0"], lambda: one.shows("ActiveState", "ExecMainStatus", "NRestarts"))
    (said,) = one.said("sink.files.path: /srv/archive cannot be written")
    assert "ReadWritePaths=/srv/archive," in said and "`systemctl edit runneld`" in said

    machine.run(*re.search("`(install [^`]*)`", said)[1].split())
    one.drop_in("ReadWritePaths=/srv/archive")
    one.start()
    broker.produce(topic, "x")
    becomes(["x"], lambda: [record["value"] for record in written(machine, "/srv/archive")])


def test_a_reload_to_a_path_that_the_unit_forbids_fails(machine, service, topic, group):
    one = service("runneld", *carries(topic, group))
    one.start()
    one.configure(consumer(topic, group, sinks=["files"]), file("/home/x/{partition}.jsonl"))
    assert one.reload(check=False).returncode != 0
    assert one.said("/home/x cannot be written", "ProtectHome=no and ReadWritePaths=/home/x")
    assert one.state() == "active"


def test_the_status_says_how_much_goes_through_and_what_waits(machine, service, broker, topic, group):
    one = service("runneld", *carries(topic, group))
    one.start()
    broker.produce(topic, "x")
    eventually(lambda: written(machine))
    becomes("1 flow: idle", lambda: one.shows("StatusText"))
    steady = Steady(broker, topic, count=4000, interval=0.002)
    eventually(lambda: re.fullmatch(r"1 flow: [1-9]\d* records/s, lag \d+", one.shows("StatusText")))
    assert 'Status: "1 flow: ' in machine.systemctl("status", "--no-pager", "runneld").stdout
    eventually(steady.done)
    eventually(lambda: broker.carried(group, topic))
    (machine.root / f"var/log/runnel/{topic}-0.jsonl").unlink()
    (machine.root / f"var/log/runnel/{topic}-0.jsonl").mkdir()
    broker.produce(topic, "x")
    eventually(lambda: f"; flow archive waits for sink files (/var/log/runnel/{topic}-0.jsonl: " in one.shows("StatusText"))


def test_the_status_says_that_a_broker_is_away(machine, service, group):
    one = service("runneld", *carries("t", group), kafka={"bootstrap.servers": "127.0.0.1:1"})
    one.start()
    eventually(lambda: "flow archive waits for partitions from the group (" in one.shows("StatusText"))
    assert "Connection refused" in one.shows("StatusText")


def test_the_watchdog_ends_a_daemon_whose_loop_is_blocked_and_nothing_is_lost(machine, service, broker, topic, group):
    one = service("runneld", *carries(topic, group))
    one.drop_in("WatchdogSec=3")
    one.start()
    steady = Steady(broker, topic, count=3000, interval=0.003)
    eventually(lambda: len(offsets(machine)) > 300)
    before = one.pid()
    one.kill("USR1")
    eventually(lambda: one.said("Watchdog timeout"))
    eventually(lambda: one.state() == "active" and one.pid() not in ("0", before))
    assert one.shows("NRestarts") == "1"
    eventually(steady.done, within=40)
    becomes(set(range(3000)), lambda: set(offsets(machine)), within=40)


def test_the_watchdog_lets_a_daemon_be_that_waits_for_the_world(machine, service, broker, topic, group):
    """A reader of standard output that stands still, no record, a broker that is away: nothing that a restart mends."""
    stuck = service("runneld@stuck", consumer(topic, group), stdout("raw"))
    idle = service("runneld@idle", *carries(topic, f"{group}-idle"))
    away = service("runneld@away", *carries(topic, f"{group}-away"), kafka={"bootstrap.servers": "127.0.0.1:1"})
    for one in (stuck, idle, away):
        one.drop_in("WatchdogSec=3\nRestart=no")
        one.start()
    broker.produce(topic, "seen")
    eventually(lambda: written(machine) and stuck.said("seen"))
    machine.systemctl("kill", "--kill-whom=main", "--signal", "STOP", "systemd-journald")
    try:
        broker.produce(topic, *["x" * 10_000] * 2000)  # more than the 8 MiB that systemd lets the socket hold
        eventually(lambda: len(written(machine)) == 2001)
        with pytest.raises(TooLate):
            eventually(lambda: {one.state() for one in (stuck, idle, away)} != {"active"}, within=12)
        assert "flow archive waits for sink console" in stuck.shows("StatusText")
    finally:
        machine.systemctl("kill", "--kill-whom=main", "--signal", "CONT", "systemd-journald")
    eventually(lambda: broker.carried(group, topic))
