"""One runneld as a test sees it: a configuration, a process, what it printed. And how a test waits."""

import array
import contextlib
import fcntl
import json
import os
import signal
import subprocess
import termios
import time
from pathlib import Path

import pytest
from kafka.errors import KafkaError

RUNNELD = Path(os.environ.get("RUNNELD", Path(__file__).parents[2] / "build/dev/daemon/runneld"))

INHERITED = ("PATH", "HOME", "ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS")

OK, STOP_NOT_DELIVERED, LOCKED, BAD_CONFIGURATION = 0, 69, 75, 78


# the configuration, table by table

def consumer(topics, group, *, reset="earliest", sinks=("console",), checkpoint="1s", name="archive", **kafka):
    """Further librdkafka properties go with _ for each dot: partition_assignment_strategy="range"."""
    properties = {
        "group.id": group,
        "auto.offset.reset": reset,
        "session.timeout.ms": 6000,
        "heartbeat.interval.ms": 500,  # how soon a member sees that another one came or went
    }
    properties |= {key.replace("_", "."): value for key, value in kafka.items()}
    entries = {"topics": [topics] if isinstance(topics, str) else topics, "sinks": list(sinks)}
    entries["checkpoint"] = {"interval": checkpoint}
    return {f"consumer.{name}": entries | {f"kafka.{key}": value for key, value in properties.items()}}


def producer(topic, *, interval, name="heartbeat", **entries):
    return {f"producer.{name}": {"topic": topic, "interval": interval, **entries}}


def stdout(format, name="console"):
    return {f"sink.{name}": {"type": "stdout", "format": format}}


def file(path="HERE/out/{topic}-{partition}.jsonl", format="json", name="files"):
    """HERE is the folder of the Runnel that writes it."""
    return {f"sink.{name}": {"type": "file", "path": path if isinstance(path, dict) else str(path), "format": format}}


def as_toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {as_toml(each)}" for key, each in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def configuration(broker_address, client_id, *parts, settings={}, kafka={}):
    """The whole of it, as text."""
    tables = {
        "runnel": {"drain": "5s", **settings},
        "kafka": {
            "bootstrap.servers": broker_address,
            "client.id": client_id,
            "topic.metadata.refresh.interval.ms": 1000,
            **kafka,
        },
    }
    for part in parts:
        tables |= part
    text = ""
    for table, entries in tables.items():
        lines = [f"{key} = {as_toml(value)}\n" for key, value in entries.items() if value is not None]
        text += f"[{table}]\n{''.join(lines)}\n"
    return text


class Runnel:
    """May be started again after it ended; what it prints is appended. Every wait has a deadline, in seconds."""

    running = set()  # those that no test has told to end

    def __init__(self, name, directory, broker_address, *parts, settings={}, kafka={}, arguments=(), environment={}):
        self.name, self.directory, self.arguments = name, directory, list(arguments)
        self.broker_address = broker_address
        self.process = None
        directory.mkdir(parents=True)
        self.config = self.source = directory / "runneld.toml"
        self.configure(*parts, settings=settings, kafka=kafka)
        self.environment = {key: os.environ[key] for key in INHERITED if key in os.environ} | environment

    def configure(self, *parts, settings={}, kafka={}):
        """Writes its configuration, also another one while it runs."""
        settings = {"state_dir": "HERE/state", **settings}
        text = configuration(self.broker_address, self.name, *parts, settings=settings, kafka=kafka)
        self.config.write_text(text.replace("HERE", str(self.directory)))

    def reload(self, *parts, within=20, **options):
        """Gives it another configuration, and waits until it has taken or refused it: what it said of it."""
        before = len(self.reloads())
        self.configure(*parts, **options)
        self.process.send_signal(signal.SIGHUP)
        return eventually(lambda: self.reloads()[before:], within)[0]

    def reloads(self):
        """What it said of each reload that is over: the last line."""
        lines = [line.partition(" reload: ")[2] for line in self.err.splitlines()]
        return [line for line in lines if line == "done" or line.startswith("nothing has changed")]

    def command(self, *arguments):
        return [str(RUNNELD), "-c", str(self.source), *self.arguments, *arguments]

    # its life

    def start(self, *, input=os.devnull, output=None, errors=None, descriptors=None):
        """Standard output and standard error go each to a file, or to the descriptor that is given. `descriptors`: the most
        that it may have (ulimit -n)."""
        limit = [] if descriptors is None else ["prlimit", f"--nofile={descriptors}:{descriptors}"]
        with open(self.directory / "stdout", "ab") as out, open(self.directory / "stderr", "ab") as err, open(input) as into:
            self.process = subprocess.Popen(
                [*limit, *self.command()], stdin=into, stdout=out if output is None else output,
                stderr=err if errors is None else errors, cwd=self.directory, env=self.environment)
        Runnel.running.add(self)
        return self

    def run(self, *arguments):
        """Runs it to its end beside whatever runs, with further arguments; (exit code, stdout, stderr)."""
        done = subprocess.run(
            self.command(*arguments), stdin=subprocess.DEVNULL, capture_output=True, cwd=self.directory,
            env=self.environment, timeout=20)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def signal(self, number):
        Runnel.running.discard(self)
        self.process.send_signal(number)

    def ends(self, within=20):
        """The exit code; a failure if it does not end."""
        Runnel.running.discard(self)
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            pytest.fail(f"{self.name} did not end within {within} s")

    def stop(self, within=20):
        self.signal(signal.SIGTERM)
        return self.ends(within)

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.ends()

    # what it did

    @property
    def out(self):
        return (self.directory / "stdout").read_bytes()

    @property
    def err(self):
        file = self.directory / "stderr"
        return file.read_text(errors="replace") if file.exists() else ""

    def about(self, *words):
        """The lines of its log, without the time, that hold all of these words."""
        return [line[24:] for line in self.err.splitlines() if all(word in line for word in words)]

    def warnings(self):
        return [line for line in self.about() if line.startswith(("warning ", "error "))]

    def lines(self):
        """Whole lines of standard output."""
        return whole_lines(self.out)

    def printed(self):
        """The records on standard output in format json."""
        return [json.loads(line) for line in self.lines()]

    def files(self):
        """What is in each of its files. One may go while they are read: it was cut to nothing."""
        found = {}
        for each in sorted((self.directory / "out").rglob("*.jsonl")):
            with contextlib.suppress(FileNotFoundError):
                found[each] = each.read_bytes()
        return found

    def written(self):
        """The records in its files in format json, file by file."""
        return [json.loads(line) for data in self.files().values() for line in whole_lines(data)]

    def size(self):
        """The bytes of all its files."""
        return sum(map(len, self.files().values()))

    def offsets(self):
        """By partition the offsets of the records in its files in format json, in the order in which they stand there;
        every line is whole."""
        offsets = {}
        for path, data in self.files().items():
            assert data.endswith(b"\n") or not data, f"{path} ends amid a line"
            for record in map(json.loads, whole_lines(data)):
                offsets.setdefault(record["partition"], []).append(record["offset"])
        return offsets

    def story(self):
        """For the report of a failed test."""
        state = "never started" if not self.process else "alive" if self.alive() else f"ended with {self.process.returncode}"
        tail = "\n".join(self.err.splitlines()[-40:]) if self.process else ""
        return f"{self.config.read_text()}\n--- {state}; the tail of its stderr:\n{tail}"


def pending(pipe):
    """Bytes that nobody has read yet."""
    buffer = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, buffer)
    return buffer[0]


def whole_lines(data):
    return [line.decode() for line in data.split(b"\n")[:-1]]


# waiting

class TooLate(AssertionError):
    """A deadline has passed."""


def eventually(condition, within=20):
    """Waits until the condition holds, and gives what it gave. Fails at the deadline, or when a Runnel died meanwhile."""
    deadline = time.monotonic() + within
    while True:
        value = _tried(condition)
        if value:
            return value
        for each in Runnel.running:
            assert each.alive(), f"{each.name} ended by itself with {each.process.returncode}"
        if time.monotonic() > deadline:
            raise TooLate(f"not within {within} s; last seen: {value!r}")
        time.sleep(0.05)


def becomes(expected, look, within=20):
    """Waits until look() is what is expected; at the deadline, shows the difference."""
    try:
        eventually(lambda: look() == expected, within)
    except TooLate:
        assert look() == expected
        raise


def _tried(condition):
    try:
        return condition()
    except KafkaError as error:
        if not error.retriable:
            raise
        return None  # a coordinator that moves, a broker that starts: not yet
