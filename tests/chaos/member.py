"""A process that reads a topic into files of its own, and is started again when it ends by itself, as systemd or the
loop of a shell does it. And the members of a group."""

import json
import os
import signal
import subprocess
import threading
import time

from runnel import TooLate, eventually

AGAIN_AFTER = 0.2  # s, from the end of a process to its next start; systemd's default is 0.1
STOP = 30          # s, for a clean end
HUNG = "hung, and was started again by hand"
DISK = "disk"      # in the directory of a member


class Member:
    """A program gives command() and prints(). What is to survive lies on `disk`, which may fail; the records in `out`
    there. Its methods are for one thread."""

    program = ""
    says = {}  # what is worth counting in its log: a name, and the words of a line

    def __init__(self, name, directory, place, properties, environment):
        """`place`: broker, topic and group. `properties`: librdkafka's. `environment`: beside what is inherited."""
        self.name, self.directory, self.place = name, directory, place
        self.disk, self.log = directory / DISK, directory / "log"
        self.out = self.disk / "out"
        self.properties = {"client.id": name, "auto.offset.reset": "earliest", **properties}
        self.environment = {"PATH": os.environ["PATH"], **environment}
        self.own_ends = []  # exit codes of those that nobody told to end
        self.process = None
        self._wanted = False
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self.out.mkdir(parents=True, exist_ok=True)
        threading.Thread(target=self._tend, daemon=True).start()

    def command(self):
        raise NotImplementedError

    def prints(self):
        """The file that takes standard output, if the program writes the records there."""
        return None

    # its life

    def start(self):
        with self._lock:
            self._wanted = True
            self._spawn()

    def kill(self):
        """The exit code: -9, or it had ended by itself."""
        return self._end(signal.SIGKILL)

    def stop(self):
        return self._end(signal.SIGTERM)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def signal(self, number):
        self.process.send_signal(number)

    def close(self):
        self._closed.set()
        with self._lock:
            self._wanted = False
            if self.process and self.process.poll() is None:
                self.process.kill()
                self.process.wait()

    def _end(self, number):
        with self._lock:
            self._wanted = False
            process = self.process
        process.send_signal(number)
        try:
            return process.wait(STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return "does not end"

    def _spawn(self):
        with open(self.prints() or self.log, "ab") as output, open(self.log, "ab") as errors:
            self.process = subprocess.Popen(
                [str(each) for each in self.command()], stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                cwd=self.directory, env=self.environment)

    def _tend(self):
        while not self._closed.wait(AGAIN_AFTER):
            with self._lock:
                if self._wanted and self.process.poll() is not None:
                    self.own_ends.append(self.process.returncode)
                    self._spawn()

    # what it did

    def files(self):
        return sorted(each for each in self.out.rglob("*") if each.is_file())

    def size(self):
        return sum(each.stat().st_size for each in self.files())

    def said(self, *words):
        """How many lines of its log hold all of these words."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return sum(all(word in line for word in words) for line in text.splitlines())

    def grows(self, by=1, within=60):
        reached = self.size()
        eventually(lambda: self.size() >= reached + by, within)


class Crew:
    """The members of one program that share a group."""

    def __init__(self, program, place, members):
        self.program, self.place, self.members = program, place, members
        self.moves = []   # see oracle.Moved
        self.struck = 0   # faults that happened
        self.notes = {}   # what was seen meanwhile, by name, and how often

    def note(self, what, count=1):
        if count:
            self.notes[what] = self.notes.get(what, 0) + count

    def start(self):
        for each in self.members:
            each.start()
        self.grows()

    def size(self):
        return sum(each.size() for each in self.members)

    def grows(self, by=1, within=60):
        reached = self.size()
        eventually(lambda: self.size() >= reached + by, within)

    def goes_on(self):
        """Raises when it does not: but what is not Runnel is started again, as somebody would do."""
        try:
            self.grows()
        except TooLate:
            self.start_by_hand()

    def start_by_hand(self):
        if self.program == "runneld":
            raise TooLate("it hangs")
        self.note(HUNG)
        for each in self.members:
            each.kill()
            each.start()

    def held(self):
        """Which partitions each member holds, by name; empty while a rebalance goes on."""
        return self.place.ask(lambda broker: broker.members(self.place.group)) or {}

    def all_hold(self, within=60):
        names = {each.name for each in self.members}
        eventually(lambda: {name for name, held in self.held().items() if held} == names, within)

    def committed(self):
        return self.place.ask(lambda broker: broker.committed(self.place.group, self.place.topic))

    def drained(self):
        return self.place.ask(lambda broker: broker.carried(self.place.group, self.place.topic))

    def close(self):
        for each in self.members:
            each.close()


class Place:
    """Where a crew reads: a broker that many threads may ask, a topic, a group."""

    _lock = threading.Lock()

    def __init__(self, broker, topic, group):
        self.broker, self.topic, self.group = broker, topic, group

    def ask(self, question):
        """The answer; asked again while the broker cannot be reached."""
        def once():
            with Place._lock:
                return question(self.broker),

        return eventually(once, 30)[0]


class Maker:
    """The producer: a process that keeps its pace until finish()."""

    def __init__(self, program, place, rate, partitions, log):
        command = [program, place.broker.address, place.topic, rate, partitions]
        with open(log, "ab") as errors:
            self.process = subprocess.Popen([str(each) for each in command], stdout=subprocess.PIPE, stderr=errors)
        self.begin = time.monotonic()

    def finish(self):
        """(records a second, how many in each partition). All are in the broker then."""
        self.process.terminate()
        output, _ = self.process.communicate(timeout=90)
        if self.process.returncode != 0:
            raise RuntimeError(f"the producer ended with {self.process.returncode}")
        seconds, *counts = json.loads("[" + output.decode().strip().replace(" ", ",") + "]")
        return sum(counts) / seconds, counts

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
