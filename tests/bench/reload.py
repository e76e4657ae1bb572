"""How long a reload takes, and how late ticks of 10 ms come meanwhile, while a flow that does not change works at full speed."""

import datetime
import os
import re
import signal
import socket
import statistics
import struct
import subprocess
import time
from pathlib import Path

SIZE = 100
PASS = 5               # topics' worth of --records that the flow has before it
INTERVAL = 10          # ms
BETWEEN = 0.1          # s from the end of a reload to the next
LONGEST = 30           # s
SO_TIMESTAMPNS = 35    # Python 3.11 does not name it
CHANGES = ["nothing", "the log level", "a flow"]
ENDS = {
    "done": "it is done",
    "carried out": "the new flow is built, and the old one told to end",
    "handed over": "it is done: the old flow has delivered, committed and left its group, and the new one begins",
    "assigned": "the new flow has its partition",
}


def run(bench):
    count = bench.options.records * PASS
    topic = bench.topic(count, SIZE)
    times, ticks = [], []
    for change in CHANGES:
        spans = {}                  # ms, by how a reload ends
        during, between, done, rounds = Ticks(), Ticks(), 0, 0
        while done < bench.options.reloads:
            rounds += 1
            with Daemon(bench, topic, count, f"{CHANGES.index(change)}-{rounds}") as daemon:
                reloads = daemon.reload_on(change, bench.options.reloads - done)
                missed = daemon.stop()
            done += len(reloads)
            for each in reloads:
                for end, at in each.items():
                    if end != "asked":
                        spans.setdefault(end, []).append((at - each["asked"]) * 1000)
            for scheduled, late, left_out in lateness(bench.broker.read(daemon.ticks), missed):
                if reloads and reloads[0]["asked"] <= scheduled <= max(reloads[-1].values()):
                    meanwhile = any(each["asked"] <= scheduled + INTERVAL / 1000 and
                                    scheduled - left_out * INTERVAL / 1000 <= max(each.values()) for each in reloads)
                    (during if meanwhile else between).add(late, left_out)
        times += [f"| {change} | {ENDS[end]} | {spread(all, 2)} |" for end, all in spans.items()]
        ticks += [f"| during reloads that change {change} | {during} |", f"| between them | {between} |"]
    write(bench, times, ticks)


class Ticks:
    def __init__(self):
        self.late, self.missed = [], 0

    def add(self, late, missed):
        self.late.append(late)
        self.missed += missed

    def __str__(self):
        return f"{len(self.late)} | {self.missed} | {spread(self.late)}"


class Daemon:
    """A real runneld with a flow that stays, `same`, one that may change, and a heartbeat; it begins a new group on a new
    topic of ticks."""

    def __init__(self, bench, topic, count, name):
        self.bench, self.topic, self.size = bench, topic, count * (SIZE + 1)  # of all that it writes
        self.group = f"bench-reload-{name}"
        self.ticks = f"{self.group}-ticks"
        self.log = bench.work / "log"
        bench.broker.create(self.ticks, message_timestamp_type="LogAppendTime")
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notices.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.notices.settimeout(LONGEST)
        (bench.work / "notify").unlink(missing_ok=True)
        self.notices.bind(str(bench.work / "notify"))

    def __enter__(self):
        environment = os.environ | {"NOTIFY_SOCKET": str(self.bench.work / "notify"), "TZ": "UTC"}
        configuration = self.configure()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [self.bench.runneld, "-c", configuration], stdout=subprocess.DEVNULL, stderr=log, env=environment)
        self.wait(lambda: self.written() > self.size / 100 and self.said("flow changing: assigned"))
        # librdkafka's idempotent producer takes a second at times before it sends its first record.
        self.wait(lambda: self.bench.broker.ends(self.ticks)[0] > 0)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.notices.close()

    def written(self):
        """Bytes, all descriptors together: mostly records."""
        return int(re.search(r"wchar: (\d+)", Path(f"/proc/{self.process.pid}/io").read_text())[1])

    def configure(self, log_level="info", fetch_wait=100):
        more = f"""
[consumer.changing]
topics = ["{self.ticks}"]
sinks = ["nowhere"]
kafka.group.id = "{self.group}-changing"
kafka.fetch.wait.max.ms = {fetch_wait}

[producer.heartbeat]
topic = "{self.ticks}"
interval = "{INTERVAL}ms"
value = "{{seq}}"
kafka.linger.ms = 0

[sink.nowhere]
type = "null\""""
        sink = f'type = "stdout"\n{more}'
        file = self.bench.configure(self.bench.work / "runnel-reload", self.topic, self.group, sink)
        file.write_text(file.read_text().replace("[runnel]\n", f'[runnel]\nlog_level = "{log_level}"\n'))
        return file

    def reload_on(self, change, most):
        """As many reloads as the flow allows that works at full speed, one at least: of each when it was asked for, and
        when it ended."""
        reloads = []
        while len(reloads) < most:
            number = len(reloads) + 1
            if change == "the log level":
                self.configure(log_level="debug" if number % 2 else "info")
            elif change == "a flow":
                self.configure(fetch_wait=100 + number % 2)
            known = self.log.stat().st_size
            asked = time.time()
            self.process.send_signal(signal.SIGHUP)
            while not self.notice("RELOADING=1"):
                pass
            done = None
            while not done:
                done = self.notice("READY=1")
            reload = {"asked": asked, "done": done}
            if change == "a flow":
                self.wait(lambda: self.said("flow changing: assigned", known))
                reload = {
                    "asked": asked, "carried out": self.said("flow changing: giving up", known), "handed over": done,
                    "assigned": self.said("flow changing: assigned", known)}
            if "nothing has changed" in self.log.read_text():
                raise RuntimeError(f"a reload was refused: {self.log.read_text()}")
            under_way = self.written() < self.size
            if under_way or self.bench.options.small:
                reloads.append(reload)
            if not under_way:
                break
            time.sleep(BETWEEN)
        return reloads

    def notice(self, wanted):
        """When the next message to systemd was sent, by the kernel's clock, if it is this one."""
        text, (stamp, *_), _, _ = self.notices.recvmsg(4096, socket.CMSG_SPACE(16))
        seconds, nanoseconds = struct.unpack("qq", stamp[2])
        return seconds + nanoseconds / 1e9 if wanted.encode() in text.split(b"\n") else None

    def said(self, words, since=0):
        """When its log first said so behind so many bytes, if it did."""
        text = self.log.read_bytes()[since:].decode(errors="replace")
        found = re.search(rf"^(\S+ \S+) \w+ +{re.escape(words)}", text, re.MULTILINE)
        return found and datetime.datetime.fromisoformat(f"{found[1]}+00:00").timestamp()

    def wait(self, condition):
        deadline = time.monotonic() + LONGEST
        while not condition():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"it does not get on:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.005)

    def stop(self):
        """Ends it; how many ticks it has missed."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(LONGEST)
        log = self.log.read_text()
        if code != 0 or log.count("flow bench: assigned") != 1:
            raise RuntimeError(f"it ended with {code}, or the flow that does not change was assigned anew:\n{log[-2000:]}")
        return int(re.search(r"ended; records: .* ticks missed: (\d+)", log)[1])


def lateness(records, all_missed):
    """(scheduled, late, missed before it) of each tick in s, ms and ticks; late against the quickest of all. A missed tick
    has no record: from then on all come by an interval later. How many there are is known."""
    behind = [record.timestamp - INTERVAL * number for number, record in enumerate(records)]
    least, missed, latest = min(behind), [], behind[-1]
    for each in reversed(behind):
        latest = min(latest, each)
        missed.insert(0, min((latest - least) // INTERVAL, all_missed))
    for number, (each, now, before) in enumerate(zip(behind, missed, [0, *missed])):
        scheduled = least + INTERVAL * (number + now)
        yield scheduled / 1000, each - least - INTERVAL * now, now - before


def spread(values, digits=0):
    ordered = sorted(values)
    if not ordered:
        return "– | – | –"
    figures = statistics.median(ordered), ordered[min(int(0.99 * len(ordered)), len(ordered) - 1)], ordered[-1]
    return " | ".join(f"{each:.{digits}f} ms" for each in figures)


def write(bench, times, ticks):
    lines = [
        "# Reload", "",
        "| changes | from SIGHUP until | median | 99 % | worst |", "|---|---|---|---|---|", *times, "",
        "| ticks | made | missed | median | 99 % | worst |", "|---|---|---|---|---|---|", *ticks]
    lines.append(f"""
{bench.options.reloads} reloads of each kind, {BETWEEN * 1000:g} ms after the one before, by one daemon with a flow that
carries records of {SIZE} B to `/dev/null` at full speed (a file would be a load for the disk, and Kafka has to write the
ticks), a flow that carries the ticks nowhere and may be what changes, and a heartbeat of {INTERVAL} ms. The end of a reload
is what the daemon tells systemd, by the kernel's clock; what it logs has a resolution of 1 ms. The flow at full speed kept
its partitions throughout.

Lateness is from a tick's scheduled instant to the moment at which Kafka appends its record, in whole ms, less that of the
quickest one, so that what the way to Kafka takes at best is not in it; what it takes longer on this busy machine is. So
compare the ticks during reloads with those between them, and see [ticks](ticks.md) for how late they leave the loop. A tick
is missed when the next one was due before the loop came to it.

{bench.facts()}
""")
    bench.write("reload.md", "\n".join(lines))
