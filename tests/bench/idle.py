"""What runneld costs while there is nothing to do: CPU and wake-ups, by thread."""

import collections
import signal
import subprocess
import time
from pathlib import Path

import process


def run(bench):
    settle, watch = (3, 3) if bench.options.small else (10, 30)  # s
    bench.broker.create("bench-idle")
    sink = f'type = "file"\npath = "{bench.work}/idle"'
    configuration = bench.configure(bench.work / "runnel-idle", "bench-idle", "bench-idle", sink)
    daemon = subprocess.Popen([bench.runneld, "-c", configuration], stderr=subprocess.DEVNULL)
    try:
        time.sleep(settle)
        before = threads(daemon.pid)
        time.sleep(watch)
        after = threads(daemon.pid)
        memory = process.memory(daemon.pid, "VmRSS")
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait()

    by_name = collections.defaultdict(lambda: [0, 0.0, 0])
    for thread, (name, cpu, waits) in after.items():
        _, cpu_before, waits_before = before.get(thread, (name, 0, 0))
        sums = by_name[name]
        sums[0] += 1
        sums[1] += (cpu - cpu_before) / 1e9
        sums[2] += waits - waits_before
    lines = ["# Idle", "", "| thread | threads | CPU, % of a core | wake-ups a second |", "|---|---|---|---|"]
    rows = sorted(by_name.items(), key=lambda each: -each[1][2])
    rows.append(("all", [sum(each[column] for each in by_name.values()) for column in range(3)]))
    for name, (count, cpu, waits) in rows:
        lines.append(f"| {name} | {count} | {cpu / watch * 100:.3f} | {waits / watch:.2f} |")
    lines.append(f"""
One flow with one file on a topic of one partition in which nothing happens, watched for {watch} s, {settle} s after its
start; {memory / 2**20:.0f} MiB resident. A wake-up is a voluntary context switch. `rdk:` are librdkafka's own threads.

{bench.facts()}
""")
    bench.write("idle.md", "\n".join(lines))


def threads(pid):
    """By thread: its name, nanoseconds on a CPU, voluntary context switches."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        if name == "runneld":
            name = "the loop" if int(task.name) == pid else "workers, the log"
        elif name.startswith("rdk:"):
            name = "".join(each for each in name if not each.isdigit())
        waits = next(
            int(line.split()[1]) for line in (task / "status").read_text().splitlines()
            if line.startswith("voluntary_ctxt_switches"))
        found[task.name] = name, int((task / "schedstat").read_text().split()[0]), waits
    return found
