"""Listeners that ask who one is."""

import pytest
from runnel import BAD_CONFIGURATION, OK, TooLate, becomes, consumer, eventually, stdout

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


@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_password_may_stand_somewhere_else(broker, runnel, topic, group, tmp_path, place):
    (tmp_path / "password").write_text("alice-secret\n")
    where = {"environment": {"env": "PASSWORD"}, "file": {"file": str(tmp_path / "password")}}[place]
    broker.produce(topic, "come in")
    one = runnel(
        "one", consumer(topic, group), stdout("raw"), environment={"PASSWORD": "alice-secret"},
        kafka={**way_in(broker.environment, "a password"), "sasl.password": where})
    becomes(["come in"], one.lines)
    for arguments in (["--check"], ["--dump-config"]):
        code, out, err = one.run(*arguments)
        assert code == OK
        assert "alice-secret" not in out + err


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
