"""`systemctl reload`: a good file is taken, and a bad one fails where its author looks."""

import pytest
from machine import LOGS, written
from runnel import becomes, consumer, eventually, file


def carries(topic, group, name="files", **options):
    return consumer(topic, group, sinks=[name], **options), file(f"{LOGS}/{name}/{{partition}}.jsonl", name=name)


def test_a_good_file_is_taken_by_the_running_daemon(machine, service, broker, topic, group):
    one = service("runneld", *carries(topic, group))
    one.start()
    broker.produce(topic, "before")
    becomes(["before"], lambda: [record["value"] for record in written(machine)])
    before = one.pid()
    one.configure(*carries(topic, group, name="others"))
    one.reload()
    eventually(lambda: one.said("reload: done") or one.said("done"))
    broker.produce(topic, "after")
    becomes(["after"], lambda: [record["value"] for record in written(machine, f"{LOGS}/others")])
    assert [record["value"] for record in written(machine, f"{LOGS}/files")] == ["before"]
    assert (one.pid(), one.state()) == (before, "active")


@pytest.mark.parametrize("kind", ["bad", "half written", "empty"])
def test_a_file_that_cannot_be_used_fails_visibly_and_changes_nothing(machine, service, broker, topic, group, kind):
    one = service("runneld", *carries(topic, group))
    one.start()
    broker.produce(topic, "before")
    eventually(lambda: written(machine))
    good = one.config.read_text()
    one.config.write_text({"bad": good + "\n[runnel.x]\n", "half written": good[: len(good) * 2 // 3], "empty": ""}[kind])
    before = one.pid()
    failed = one.reload(check=False)
    assert failed.returncode != 0 and "failed" in failed.stderr
    assert eventually(lambda: one.said("/etc/runnel/runneld.toml:"))
    assert "status=78" in machine.systemctl("status", "--no-pager", "--full", "runneld").stdout
    broker.produce(topic, "after")
    becomes(["before", "after"], lambda: [record["value"] for record in written(machine)])
    assert (one.pid(), one.state()) == (before, "active")
    assert len(one.said("assigned")) == 1

    one.config.write_text(good)
    one.reload()
    assert one.pid() == before
