"""Listeners that ask who one is."""

import re

import pytest
from runnel import BAD_CONFIGURATION, OK, TooLate, becomes, consumer, eventually, file, producer, stdout

PLAIN = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.username": "alice", "sasl.password": "alice-secret"}
WRONG = "wr0ng-passw0rd"


def way_in(environment, name):
    certificates = {
        "ssl.ca.location": environment["CA"],
        "ssl.certificate.location": environment["CLIENT_PEM"],
        "ssl.key.location": environment["CLIENT_KEY"],
    }
    return {
        "no questions asked": {"bootstrap.servers": environment["PLAINTEXT"]},
        "a password": {"bootstrap.servers": environment["SASL"], **PLAIN},
        "a client certificate": {"bootstrap.servers": environment["SSL"], "security.protocol": "SSL", **certificates},
        "a password over TLS": {
            "bootstrap.servers": environment["SASL_SSL"], **PLAIN,
            "security.protocol": "SASL_SSL", "ssl.ca.location": environment["CA"]},
    }[name]


@pytest.mark.parametrize("name", ["no questions asked", "a password", "a client certificate", "a password over TLS"])
def test_records_come_through_a_listener_with(broker, runnel, topic, group, name):
    broker.produce(topic, "come in")
    one = runnel("one", consumer(topic, group), stdout("raw"), kafka=way_in(broker.environment, name))
    becomes(["come in"], one.lines)
    assert one.stop() == OK


@pytest.mark.parametrize("arguments", [[], ["-f"]], ids=["service", "foreground"])
def test_a_password_may_stand_anywhere_and_is_seen_nowhere(broker, runnel, topic, group, tmp_path, arguments):
    (tmp_path / "password").write_text("alice-secret\n")
    places = {
        "key": ("alice-secret", []),
        "set": ("overridden", ["--set", "kafka.sasl.password=alice-secret"]),
        "file": ({"file": str(tmp_path / "password")}, []),
        "environment": ({"env": "PASSWORD"}, []),
        "credential": ({"credential": "password"}, []),
    }
    broker.produce(topic, "come in")
    all_of_them = [
        runnel(
            place, consumer(topic, f"{group}-{place}"), producer(topic + "-ticks", interval="1s", value="{seq}"), stdout("raw"),
            arguments=arguments + options, settings={"log_level": "debug"},
            environment={"PASSWORD": "alice-secret", "CREDENTIALS_DIRECTORY": str(tmp_path)},
            kafka={**way_in(broker.environment, "a password"), "sasl.password": where, "debug": "all"})
        for place, (where, options) in places.items()]
    for one in all_of_them:
        becomes(["come in"], one.lines)
        outputs = "".join(str(each) for check in (["--check"], ["--dump-config"]) for each in one.run(*check))
        assert one.stop() == OK
        assert "debug   consumer archive: librdkafka: SASL" in one.err  # it did say everything
        assert "alice-secret" not in one.err + outputs


@pytest.mark.parametrize("arguments", [[], ["-f"]])
def test_a_wrong_password_is_one_clear_sentence_and_appears_nowhere(broker, runnel, topic, group, arguments):
    broker.produce(topic, "stay out")
    one = runnel(
        "one", consumer(topic, group), stdout("raw"), arguments=arguments,
        kafka={**way_in(broker.environment, "a password"), "sasl.password": WRONG, "reconnect.backoff.max.ms": 500})

    def about_it():
        return [line for line in one.err.splitlines() if " warning " in line or " error " in line]

    eventually(about_it)
    with pytest.raises(TooLate):  # it tries again and again, and says so once a minute
        eventually(lambda: len(about_it()) > 1, within=4)
    assert "authenticat" in about_it()[0].lower() and broker.environment["SASL"].split(":")[1] in about_it()[0]
    assert one.alive() and one.lines() == []
    outputs = one.err + "".join(str(each) for check in (["--check"], ["--dump-config"]) for each in one.run(*check))
    assert one.stop() == OK
    assert WRONG not in outputs + one.err


def test_a_password_is_hidden_also_where_the_configuration_is_refused(runnel, topic, group):
    one = runnel(
        "one", consumer(topic, group), stdout("raw"), start=False,
        kafka={**PLAIN, "sasl.password": WRONG, "sasl.mechanism": "NOSUCH"})
    code, out, err = one.run("--check")
    assert code == BAD_CONFIGURATION
    assert "sasl.mechanism" in err
    assert WRONG not in out + err


OTHER_SECRETS = {
    "an address with a password": {"bootstrap.servers": f"SASL_PLAINTEXT://alice:{WRONG}@127.0.0.1:1"},
    "a token that cannot be read": {
        "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "OAUTHBEARER", "enable.sasl.oauthbearer.unsecure.jwt": True,
        "sasl.oauthbearer.config": f"principal=me nonsense={WRONG}"},
    "a key that is none": {"security.protocol": "SSL", "ssl.key.pem": f"-----BEGIN PRIVATE KEY-----\n{WRONG}\n"},
    "a key's wrong password": {"security.protocol": "SSL", "ssl.key.password": WRONG, "ssl.key.location": "/dev/null"},
    "what comes from the environment": {"client.rack": {"env": "OTHER"}},
}


@pytest.mark.parametrize("name", OTHER_SECRETS)
def test_no_other_secret_is_seen_either(runnel, group, name):
    one = runnel(
        "one", consumer("topic", group), stdout("raw"), start=False, arguments=["-f"], environment={"OTHER": WRONG},
        settings={"drain": "200ms"}, kafka={"bootstrap.servers": "127.0.0.1:1", **OTHER_SECRETS[name], "debug": "all"})
    outputs = "".join(str(one.run(check)) for check in ("--check", "--dump-config"))
    one.running.discard(one.start())  # it may refuse to run at all
    eventually(lambda: one.err and (not one.alive() or len(one.about("librdkafka")) > 20))
    assert WRONG not in outputs + one.err


def test_a_path_from_elsewhere_is_hidden_also_where_it_cannot_be_written(broker, runnel, topic, group, tmp_path):
    (tmp_path / "in-the-way").touch()
    broker.produce(topic, "a record")
    one = runnel(
        "one", consumer(topic, group, sinks=["files"]), file({"env": "PLACE"}),
        environment={"PLACE": str(tmp_path / "in-the-way/file")}, settings={"drain": "500ms"})
    eventually(lambda: one.about("warning", "Not a directory"))
    one.stop()
    assert "in-the-way" not in one.err


FORGED = "x\n2026-01-01 00:00:00.000 error   runneld: forged\x1b[31m\x9b31m\u2028"


def test_no_name_in_the_configuration_forges_a_line(broker, runnel, topic, group):
    names = {"client.id": FORGED, "client.rack": FORGED, "debug": "cgrp,broker"}
    one = runnel("one", consumer(topic, group + FORGED), stdout("raw"), arguments=["-f"], kafka=names)
    eventually(lambda: "assigned" in one.err)
    eventually(lambda: one.about("forged"))
    assert one.stop() == OK
    assert not set("\x1b\x9b\u2028") & set(one.err)
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (debug|info|warning|error) ", line) for line in one.err.splitlines())
    assert not [line for line in one.err.splitlines() if line[24:].startswith("error   runneld: forged")]
