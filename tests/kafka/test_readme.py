"""Every command of README.md, word for word, in its order, with its configuration."""

import re
import shlex
import signal
import subprocess
from pathlib import Path

import pytest
from runnel import OK, RUNNELD, becomes, whole_lines

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()

# Whoever runs such a command here would run this test again, or build a second time.
ELSEWHERE = {
    "./dev demo": "tests/first-use",
    "./dev build release runneld": "tests/first-use",
    "./dev bench": "dev",  # its stage `bench` runs it small
    "./dev test": ".ci/run",
}


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


def commands():
    lines = "".join(blocks("sh")).splitlines()
    return [line.split("  #")[0].strip() for line in lines if line.strip()]


def test_each_command_is_one_that_is_run():
    assert commands()
    for command in commands():
        if not command.startswith("build/release/daemon/runneld "):
            assert command in (ROOT / ELSEWHERE[command]).read_text()


@pytest.fixture
def newcomer(broker, tmp_path):
    """Where the README is followed: its configuration, and the program where ./dev build release leaves it."""
    program = tmp_path / "build/release/daemon/runneld"
    program.parent.mkdir(parents=True)
    program.symlink_to(RUNNELD)
    (configuration,) = blocks("toml")
    assert "localhost:9092" in configuration
    (tmp_path / "runneld.toml").write_text(configuration.replace("localhost:9092", broker.address))
    broker.create("orders")
    return tmp_path


def test_the_daemon_s_commands_do_what_they_say(broker, newcomer):
    def written():
        return sum(len(whole_lines(file.read_bytes())) for file in newcomer.glob("records/**/*.jsonl"))

    daemons = [command for command in commands() if command.startswith("build/release/daemon/runneld ")]
    orders = 0
    for command in daemons:
        process = subprocess.Popen(
            shlex.split(command), cwd=newcomer, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            if "--check" not in command:
                broker.produce("orders", "one", "more")
                orders += 2
                becomes(orders, written)
                process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
        assert process.returncode == OK, err.decode()
        if "--check" in command:
            assert b"can be used" in out
    assert len(daemons) == 3 and orders == 4
