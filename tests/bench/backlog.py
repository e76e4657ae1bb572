"""Memory while a large backlog waits behind a slow reader of standard output."""

import signal
import subprocess
import time

import process
from bench import PARTITIONS

RATE = 2_000_000  # bytes/s that the reader takes
SIZE = 3072
SAMPLES = 10      # in the table


def run(bench):
    seconds = bench.options.minutes * 60
    count = int(RATE * seconds * 1.1 / SIZE) + 100_000  # so that it never ends, with the 64 MiB that are queued
    topic = bench.topic(count, SIZE)
    configuration = bench.configure(
        bench.work / "runnel-backlog", topic, "bench-backlog", 'type = "stdout"\nformat = "raw"')
    with open(bench.work / "log", "wb") as log:
        daemon = subprocess.Popen([bench.runneld, "-c", configuration], stdout=subprocess.PIPE, stderr=log)
    lines = Lines(count)
    try:
        resident = read_slowly(daemon, lines, seconds)
        peak = process.peak_memory(daemon.pid)
        daemon.send_signal(signal.SIGTERM)
        while data := daemon.stdout.read1(1 << 16):
            lines.take(data)
        code = daemon.wait(60)
    finally:
        daemon.kill()
    if code != 0:
        raise RuntimeError(f"runneld ended with {code}")
    try:
        lines.check()
    except RuntimeError as error:
        raise RuntimeError(f"{error}; out of order in Kafka itself: {disordered(bench, topic) or 'none'}") from error
    write(bench, resident, peak, lines.count)


def read_slowly(daemon, lines, seconds):
    """Resident bytes, a sample a second."""
    lines.take(daemon.stdout.read1(1 << 14))  # from its first byte on
    begin, taken, resident = time.monotonic(), 0, []
    while (now := time.monotonic() - begin) < seconds:
        if now * RATE > taken:
            data = daemon.stdout.read1(1 << 14)
            taken += len(data)
            lines.take(data)
        else:
            time.sleep(0.005)
        if now > len(resident):
            resident.append(process.memory(daemon.pid, "VmRSS"))
    return resident


class Lines:
    """What was read: each partition's records must come in their order, none lost, none twice."""

    def __init__(self, count):
        self.next = {partition: partition for partition in range(PARTITIONS)}
        self.most, self.count, self.rest, self.wrong = count, 0, b"", None

    def take(self, data):
        *whole, self.rest = (self.rest + data).split(b"\n")
        for line in whole:
            number = int(line[:10])
            partition = number % PARTITIONS
            if len(line) != SIZE or number != self.next[partition]:
                self.wrong = self.wrong or f"after {self.count} records came number {number}, not {self.next[partition]}"
            self.next[partition] = number + PARTITIONS
            self.count += 1

    def check(self):
        if self.wrong or self.rest:
            raise RuntimeError(f"the lines are not the records: {self.wrong or 'the last line is not whole'}")
        if self.count >= self.most:
            raise RuntimeError("the backlog came to its end")


def disordered(bench, topic):
    """The partitions whose records do not stand in their order, as kcat reads them."""
    def numbers(partition):
        read = bench.broker.kcat("-C", "-q", "-e", "-t", topic, "-p", str(partition), "-o", "beginning")
        return [int(line[:10]) for line in read.splitlines()]
    return [each for each in range(PARTITIONS) if (found := numbers(each)) != sorted(set(found))]


def write(bench, resident, peak, count):
    mib = [each / 2**20 for each in resident]
    half = len(mib) // 2
    lines = ["# Backlog", "", "| after | resident memory |", "|---|---|"]
    for sample in range(1, SAMPLES + 1):
        at = len(mib) * sample // SAMPLES
        lines.append(f"| {at} s | {mib[at - 1]:.1f} MiB |")
    lines.append(f"""
The most in the first half was {max(mib[:half]):.1f} MiB, in the second {max(mib[half:]):.1f} MiB; the peak was
{peak / 2**20:.1f} MiB. One flow, all as it comes (`memory` is 64 MiB), into standard output, a pipe from which
{RATE / 1e6:g} MB/s are read; the records have {SIZE // 1024} KiB and hardly compress. {count:,} records were read, each
partition's in its order, none lost and none twice.

{bench.facts()}
""")
    bench.write("backlog.md", "\n".join(lines))
