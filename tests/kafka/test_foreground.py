"""`runneld -f` as the one who sits before it has it: in a pipe, on a terminal, in tmux."""

import os
import re
import shlex
import signal
import subprocess

import pytest
from runnel import OK, STOP_NOT_DELIVERED, becomes, consumer, eventually, pending, producer, stdout

STOP, GO, INTERRUPT = b"\x13", b"\x11", b"\x03"  # Ctrl-S, Ctrl-Q, Ctrl-C
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (debug|info|warning|error) +\S.*")


@pytest.fixture
def foreground(runnel):
    def make(*parts, **options):
        return runnel("one", *parts, start=False, arguments=["-f"], **options)

    return make


def ends_with_status(text):
    return re.search(r"\r\x1b\[K(idle|\d+ records, [^\r\n]*)$", text)


def test_in_a_pipe_the_log_is_plain_lines(broker, foreground, topic, group):
    broker.produce(topic, "a record")
    one = foreground(consumer(topic, group), stdout("raw")).start()
    becomes(["a record"], one.lines)
    assert one.stop() == OK
    assert all(LINE.fullmatch(line) for line in one.err.splitlines())


def test_it_ends_when_the_reader_of_its_pipe_does_though_no_further_record_comes(broker, foreground, topic, group):
    broker.produce(topic, "one", "two", "three")
    one = foreground(consumer(topic, group, checkpoint="1h"), stdout("raw"))
    reader, writer = os.pipe()
    one.start(output=writer)
    os.close(writer)
    eventually(lambda: pending(reader) == len("one\ntwo\nthree\n"))
    os.close(reader)
    assert one.ends() == OK
    assert broker.carried(group, topic)


def test_ctrl_c_once_delivers_commits_and_ends_cleanly(broker, foreground, topic, group, terminal, tmp_path):
    broker.produce(topic, "one", "two")
    out = open(tmp_path / "out", "wb")
    one = terminal.start(foreground(consumer(topic, group, checkpoint="1h"), stdout("raw")), stdout=out)
    becomes(b"one\ntwo\n", (tmp_path / "out").read_bytes)
    eventually(lambda: ends_with_status(terminal.text()))
    terminal.type(INTERRUPT)
    assert one.ends() == OK
    assert broker.carried(group, topic)
    assert terminal.text().endswith(("\n", "\x1b[K"))  # no status is left before the prompt


@pytest.mark.parametrize("elsewhere", ["stdout", "stderr", "both"])
def test_a_closed_terminal_is_the_end_and_what_was_delivered_is_committed(
        broker, foreground, topic, group, terminal, tmp_path, elsewhere):
    broker.produce(topic, "one", "two")
    files = {each: open(tmp_path / each, "wb") for each in ("stdout", "stderr") if elsewhere in (each, "both")}
    one = terminal.start(foreground(consumer(topic, group, checkpoint="1h"), stdout("raw")), **files)
    eventually(lambda: "two" in ((tmp_path / "stdout").read_text() if "stdout" in files else terminal.text()))
    terminal.hang_up()
    assert one.ends() == OK
    assert broker.carried(group, topic)


def test_hanging_up_says_to_reload_while_the_terminal_is_there(broker, foreground, topic, group, terminal):
    one = terminal.start(foreground(consumer(topic, group), stdout("raw")))
    eventually(lambda: "assigned" in terminal.text())
    one.process.send_signal(signal.SIGHUP)
    eventually(lambda: "reload: done" in terminal.text())
    broker.produce(topic, "a record")
    eventually(lambda: "a record" in terminal.text())
    terminal.type(INTERRUPT)
    assert one.ends() == OK


def test_ctrl_c_twice_ends_at_once(broker, foreground, topic, group, terminal):
    broker.produce(topic, *["x" * 1000] * 1000)
    stuck, theirs = os.pipe()  # nobody reads it
    one = terminal.start(foreground(consumer(topic, group), stdout("raw"), settings={"drain": "1h"}), stdout=theirs)
    os.close(theirs)
    eventually(lambda: pending(stuck) > 60_000)  # of 64 KiB: a write stands still, or soon will
    terminal.type(INTERRUPT)
    eventually(lambda: "a second signal stops at once" in terminal.text())
    eventually(lambda: terminal.type(INTERRUPT) or one.process.poll() is not None)  # as one does who waits
    assert one.process.returncode == STOP_NOT_DELIVERED
    os.close(stuck)


def test_ctrl_s_and_ctrl_q_hold_up_the_records_alone(broker, foreground, topic, group, terminal):
    ticks = topic + "-ticks"
    broker.create(ticks)
    one = foreground(consumer(topic, group), producer(ticks, interval="100ms", value="{seq}"), stdout("raw"))
    terminal.start(one)
    broker.produce(topic, "<0>")
    eventually(lambda: "<0>" in terminal.text())
    terminal.type(STOP)
    broker.produce(topic, *(f"<{number}>" for number in range(1, 1001)))
    begun = len(broker.values(ticks))
    eventually(lambda: len(broker.values(ticks)) > begun + 20)
    assert "<1>" not in terminal.text()
    terminal.type(GO)
    eventually(lambda: "<1000>" in terminal.text())
    assert re.findall(r"<(\d+)>", terminal.text()) == [str(number) for number in range(1001)]
    terminal.type(INTERRUPT)
    assert one.ends() == OK
    made = broker.values(ticks)
    assert made == [str(number) for number in range(len(made))]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_the_terminal_is_as_it_was(broker, foreground, topic, group, terminal, end):
    before = terminal.flags()
    broker.produce(topic, "a record")
    one = terminal.start(foreground(consumer(topic, group), stdout("raw")))
    eventually(lambda: "a record" in terminal.text())
    assert terminal.flags() == before
    one.signal(end)
    one.ends()
    assert terminal.flags() == before


# tmux

class Pane:
    """A tmux with one narrow pane, in which one command runs."""

    def __init__(self, socket, command, width):
        self.tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]
        self("new-session", "-d", "-x", str(width), "-y", "30", ";", "set", "-g", "remain-on-exit", "on", ";",
             "respawn-pane", "-k", command)

    def __call__(self, *words):
        return subprocess.run([*self.tmux, *words], check=True, capture_output=True, timeout=10).stdout.decode()

    def rows(self):
        return self("capture-pane", "-p").rstrip("\n").split("\n")

    def lines(self):
        """The same with rows joined that are one line."""
        return [line.rstrip() for line in self("capture-pane", "-pJ").rstrip("\n").split("\n")]


def test_in_tmux_the_status_is_one_row_below_the_log(broker, foreground, topic, group, tmp_path):
    one = foreground(consumer(topic, group), stdout("raw"))
    command = f"exec {shlex.join(one.command())} > {tmp_path}/out"
    pane = Pane(tmp_path / "tmux", command, width=60)
    try:
        def status():
            return re.fullmatch(r"(\d+) records, .*", pane.rows()[-1])

        eventually(lambda: pane.rows()[-1] == "idle")
        for number in range(3):  # longer than the pane is wide, and renewed
            broker.produce(topic, *["a record"] * (number + 1))
            becomes(str(number + 1), lambda: (status() or [None, None])[1])
            eventually(lambda: pane.rows()[-1] == "idle")
        lines = pane.lines()
        assert all(LINE.fullmatch(line) for line in lines[:-1]) and lines[-1] == "idle"
        pane("send-keys", "C-c")
        becomes("1\n", lambda: pane("display-message", "-p", "#{pane_dead}"))  # its status tmux 3.3 loses at times
        assert "idle" not in pane.lines()
    finally:
        subprocess.run([*pane.tmux, "send-keys", "C-c"], check=False, capture_output=True)
        subprocess.run([*pane.tmux, "kill-server"], check=False, capture_output=True)
