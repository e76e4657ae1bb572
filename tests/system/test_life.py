"""Install, configure, enable: what the service carries, and what becomes of it when it or the machine ends."""

import pytest
from broker import Broker, Steady
from machine import LOGS, offsets, written
from runnel import BAD_CONFIGURATION, LOCKED, becomes, consumer, eventually, file, stdout

FILES = file(f"{LOGS}/{{topic}}-{{partition}}.jsonl")
MESSAGES = ["plain", "é 漢 😀", '{"a": [1, "]"]}', "  <13>1 - forged: no", "end"]


def carries(topic, group, **options):
    return consumer(topic, group, sinks=["files"], **options), FILES


def test_enabled_it_carries_records_to_a_file_and_to_the_journal(machine, service, broker, topic, group):
    one = service(
        "runneld", consumer(topic, group, sinks=["files", "logs", "console"]), FILES, stdout("raw"),
        {"sink.logs": {"type": "syslog", "facility": "local5", "severity": "notice", "app_name": "orders"}})
    machine.systemctl("enable", "--now", "runneld")
    assert (one.state(), machine.systemctl("is-enabled", "runneld").stdout) == ("active", "enabled\n")
    broker.produce(topic, *MESSAGES)
    becomes(MESSAGES, lambda: [record["value"] for record in written(machine)])
    eventually(lambda: broker.carried(group, topic))

    by_syslog = machine.journal("SYSLOG_IDENTIFIER=orders")
    assert [each["MESSAGE"] for each in by_syslog] == MESSAGES
    assert {(each["PRIORITY"], each["SYSLOG_FACILITY"], each["_PID"]) for each in by_syslog} == {("5", "21", one.pid())}
    by_stdout = [each for each in one.entries() if each["_TRANSPORT"] == "stdout" and each["MESSAGE"] in MESSAGES]
    assert [each["MESSAGE"] for each in by_stdout] == MESSAGES
    assert {(each["PRIORITY"], each["SYSLOG_IDENTIFIER"]) for each in by_stdout} == {("6", "runneld")}


def test_a_stop_under_load_loses_and_doubles_nothing(machine, service, broker, topic, group):
    one = service("runneld", *carries(topic, group))
    one.start()
    steady = Steady(broker, topic, count=3000, interval=0.003)
    for _ in range(2):
        reached = len(offsets(machine))
        eventually(lambda: len(offsets(machine)) > reached + 300)
        one.stop()
        assert one.shows("Result", "ExecMainStatus") == ["success", "0"]
        one.start()
    eventually(steady.done, within=40)
    becomes(list(range(3000)), lambda: offsets(machine))


def test_killed_it_comes_back_and_nothing_is_lost(machine, service, broker, topic, group):
    one = service("runneld", *carries(topic, group))
    one.start()
    steady = Steady(broker, topic, count=2000, interval=0.003)
    eventually(lambda: len(offsets(machine)) > 300)
    before = one.pid()
    one.kill("KILL")
    eventually(lambda: one.state() == "active" and one.pid() not in ("0", before))
    assert one.shows("NRestarts") == "1"
    eventually(steady.done, within=40)
    becomes(set(range(2000)), lambda: set(offsets(machine)), within=40)


def test_a_broker_that_starts_more_than_a_minute_after_the_daemon_is_found(early, tmp_path):
    one, port = early
    eventually(lambda: len(one.said("Connection refused", "trying again")) > 1, within=90)  # said once a minute
    assert one.shows("ActiveState", "NRestarts") == ["active", "0"]
    late = Broker(tmp_path / "late", port=port)
    try:
        late.produce("t", "x")
        becomes(["x"], lambda: [record["value"] for record in written(one.machine)], within=40)
        eventually(lambda: late.carried("early", "t"))
        assert one.shows("ActiveState", "NRestarts") == ["active", "0"]
    finally:
        late.close()


@pytest.mark.parametrize("how", ["rebooted", "without power"])
def test_a_machine_comes_back_with_the_service(machine, service, broker, topic, group, how):
    one = service("runneld", *carries(topic, group))
    machine.systemctl("enable", "--now", "runneld")
    steady = Steady(broker, topic, count=3000, interval=0.003)
    eventually(lambda: len(offsets(machine)) > 300)
    if how == "rebooted":
        machine.reboot()
    else:
        machine.cut_power()
        machine.boot()
    eventually(lambda: one.state() == "active")
    eventually(steady.done, within=40)
    eventually(lambda: broker.carried(group, topic), within=40)
    if how == "rebooted":
        assert offsets(machine) == list(range(3000))
    else:
        assert set(offsets(machine)) == set(range(3000))


def test_two_instances_share_a_group_and_a_third_may_not_write_the_files_of_one(machine, service, broker, topic, group):
    broker.grow(topic, 2)
    a = service("runneld@a", consumer(topic, group, sinks=["files"]), file(f"{LOGS}/a/{{partition}}.jsonl"))
    b = service("runneld@b", consumer(topic, group, sinks=["files"]), file(f"{LOGS}/b/{{partition}}.jsonl"))
    a.start()
    b.start()
    eventually(lambda: {len(held) for held in (broker.members(group) or {"": ()}).values()} == {1})
    for partition in (0, 1):
        broker.produce(topic, "x", partition=partition)
    eventually(lambda: written(machine, f"{LOGS}/a") and written(machine, f"{LOGS}/b"))

    third = service(
        "runneld@c", consumer(topic, f"{group}-other", sinks=["files"]), file(f"{LOGS}/a/{{partition}}.jsonl"))
    third.start()
    becomes(["failed", "exit-code", str(LOCKED), "0"], lambda: _end(third))
    assert third.said("/var/log/runnel/a/", "writes it already")
    assert (a.state(), b.state()) == ("active", "active")


@pytest.mark.parametrize("text", [None, "[runnel]\nmemroy = \"1MiB\"\n"])
def test_a_configuration_that_cannot_be_used_is_not_tried_again(machine, service, text):
    one = service("runneld")
    one.config.unlink()
    if text:
        one.config.write_text(text)
    assert one.start(check=False).returncode != 0
    becomes(["failed", "exit-code", str(BAD_CONFIGURATION), "0"], lambda: _end(one))
    assert one.said("/etc/runnel/runneld.toml")


def _end(service):
    return service.shows("ActiveState", "Result", "ExecMainStatus", "NRestarts")
