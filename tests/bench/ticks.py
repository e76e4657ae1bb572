"""How late a tick of 10 ms and one of 1 s come while a flow works at full speed, and while a disk is busy as well."""

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import process

INTERVALS = [10, 1000]  # ms
SIZE = 100
WHAT = {"tick": "tick", "bare": "a bare timer"}
MOST = 256 << 20        # bytes that the flow's file may grow to; then it is taken away, and the sink makes a new one


def run(bench):
    lines = [
        "# Ticks", "",
        "| beside it | | made | missed | median | 99 % | 99.9 % | worst |",
        "|---|---|---|---|---|---|---|---|",
    ]
    speeds = []
    for storm in (False, True):
        beside = "a flow at full speed" + (", and another process writes and syncs" if storm else "")
        records, ticks = measure(bench, storm)
        speeds.append(f"{records / (bench.options.seconds + 5) / 1e6:.1f}")
        for what, interval, made, missed, *late in ticks:
            late = " | ".join(f"{int(each) / 1000:.2f} ms" for each in late)
            lines.append(f"| {beside} | {WHAT[what]}, {int(interval):,} ms | {made} | {missed} | {late} |")
    lines.append(f"""
For {bench.options.seconds} s each: one loop with two heartbeats and a flow that carries records of {SIZE} B into a file
over and over, {' and '.join(speeds)} million a second. Lateness is from a tick's scheduled instant to the moment at
which its record is handed to the producer; a tick that is missed, for the next one was due by then, is as late as the
record that comes in its place. The bare timer is a thread of the same process that does nothing but sleep until its
next moment: what the machine itself allows. The other process writes a gigabyte again and again, with an `fsync` each
64 MiB, in the same file system.

{bench.facts()}
""")
    bench.write("ticks.md", "\n".join(lines))


def measure(bench, storm):
    topic = bench.topic(bench.options.records, SIZE)
    group, ticks = f"bench-ticks-{storm}", "bench-ticks"
    if ticks not in bench.topics:
        bench.broker.create(ticks)
        bench.topics[ticks] = ticks
    file = bench.work / "out"
    command = [
        bench.programs / "bench_ticks", bench.broker.address, topic, group, file, bench.options.seconds, ticks,
        *INTERVALS]
    with storming(bench.work / "storm") if storm else contextlib.nullcontext():
        measured = subprocess.Popen([str(each) for each in command], stdout=subprocess.PIPE)
        deadline = time.monotonic() + bench.options.seconds + process.LONGEST
        try:
            while measured.poll() is None:
                if process.size(file) > MOST:
                    file.unlink()
                if time.monotonic() > deadline:
                    raise RuntimeError("bench_ticks does not end")
                time.sleep(0.1)
        finally:
            measured.kill()
    if measured.wait() != 0:
        raise RuntimeError(f"bench_ticks ended with {measured.returncode}")
    file.unlink(missing_ok=True)
    (_, records), *ticks = (line.split() for line in measured.stdout.read().decode().splitlines())
    return int(records), ticks


@contextlib.contextmanager
def storming(file):
    child = subprocess.Popen([sys.executable, Path(__file__).with_name("storm.py"), file])
    try:
        yield
    finally:
        child.kill()
        child.wait()
        file.unlink(missing_ok=True)
