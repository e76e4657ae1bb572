"""Runnel, a bare loop over librdkafka (the limit), kcat and franz-go, each carrying a topic into a file."""

import itertools
import json
import os
import re
import shutil
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path

import chart
import facts
import process
from bench import PARTITIONS

LIMIT = "limit"
NO_CHECKPOINT = 'checkpoint = { interval = "1h", bytes = "1TiB" }'  # but the one at the end


@dataclass
class Program:
    name: str
    command: object      # of (topic, group, count, file)
    format: str = "raw"
    prints: bool = False  # into standard output, which is the file
    ends: bool = True     # by itself, after `count` records
    commits: bool = True  # while it runs: so one sees that it has all


def run(bench):
    programs = programs_there_are(bench)
    sizes = [(100, bench.options.records), (1024, bench.options.records // 4)]
    runs = {size: measure(bench, programs, size, count) for size, count in sizes}
    ratios = {size: against_the_limit(of_size) for size, of_size in runs.items()}
    counts = dict(sizes)
    bench.write("speed.json", json.dumps(runs, default=vars, indent=1))
    bench.write("speed.svg", chart.speed({name_of(size): of_size for size, of_size in ratios.items()}))
    tables = "\n".join(table(size, counts[size], runs[size], ratios[size]) for size in runs)
    bench.write("speed.md", f"# Speed\n\n![Ratios to the limit](speed.svg)\n\n{tables}\n{caption(bench)}")


def programs_there_are(bench):
    address = bench.broker.address

    def limit(*more):
        program = bench.programs / "bench_limit"
        return lambda topic, group, count, file: [program, address, topic, group, count, file, *more]

    def kcat(topic, group, count, file):
        return ["kcat", "-q", "-b", address, "-X", "auto.offset.reset=earliest", "-c", count, "-G", group, topic]

    def runnel(format, consumer=""):
        def command(topic, group, count, file):
            sink = f'type = "file"\npath = "{file}"\nformat = "{format}"'
            return [bench.runneld, "-c", bench.configure(bench.work / "runnel", topic, group, sink, consumer)]
        return command

    programs = [
        Program(LIMIT, limit()),
        Program("limit, syncing", limit("sync")),
        Program("Runnel, raw", runnel("raw"), ends=False),
        Program("Runnel, json", runnel("json"), ends=False, format="json"),
        Program("Runnel, raw, one checkpoint", runnel("raw", NO_CHECKPOINT), ends=False, commits=False),
    ]
    franz_go = build_franz_go(bench)
    if franz_go:
        programs.append(
            Program("franz-go", lambda topic, group, count, file: [franz_go, address, topic, group, count, file]))
    if shutil.which("kcat"):
        programs.append(Program("kcat", kcat, prints=True))
    else:
        print("SKIPPED: kcat is not installed")
    return programs


def build_franz_go(bench):
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin:/usr/lib/go/bin")
    if not go:
        print("SKIPPED: franz-go, for Go is not installed")
        return None
    program = bench.out / "franz-go"
    built = subprocess.run(
        [go, "build", "-o", program, "."], cwd=Path(__file__).parent / "franz-go", check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if built.returncode != 0:
        print(f"SKIPPED: franz-go, for it does not build: {built.stdout.decode().strip()}")
        return None
    return program


groups = (f"bench-{number}" for number in itertools.count())


def measure(bench, programs, size, count):
    topic = bench.topic(count, size)
    carry(bench, programs[0], topic, size, count)  # not counted: the broker's first time is slower
    runs = {program.name: [] for program in programs}
    for round in range(bench.options.rounds):
        first = round % len(programs)
        for program in programs[first:] + programs[:first]:
            done = carry(bench, program, topic, size, count)
            runs[program.name].append(done)
            print(
                f"{name_of(size):6} round {round + 1}: {program.name:27} {count / done.seconds / 1e6:6.2f} M/s"
                f" {done.cpu / count * 1e6:6.2f} s CPU/M {done.peak / 2**20:6.0f} MiB", flush=True)
    return runs


def carry(bench, program, topic, size, count):
    """One run, whose file is looked at record by record."""
    group, file = next(groups), bench.work / "out"
    file.unlink(missing_ok=True)
    os.sync()  # nobody pays for what was written before
    quiet = process.quiet(file)

    def done():
        if program.commits:
            return quiet() and bench.broker.carried(group, topic)
        return process.size(file) == count * (size + 1)
    run = process.run(
        program.command(topic, group, count, file), file, bench.work / "log", prints=program.prints,
        done=None if program.ends else done)
    checked = subprocess.run(
        [bench.programs / "count_records", program.format, str(count), str(size), file],
        stdout=subprocess.PIPE, check=False)
    file.unlink()
    if checked.returncode != 0:
        raise RuntimeError(f"{program.name}: not every record is in the file once: {checked.stdout.decode().strip()}")
    return run


def against_the_limit(runs):
    """By program: (median, least, most) of each figure's ratio to the limit's in the same round."""
    def spread(name, figure):
        ratios = [figure(of_program) / figure(of_limit) for of_program, of_limit in zip(runs[name], runs[LIMIT])]
        return statistics.median(ratios), min(ratios), max(ratios)
    return {
        name: {
            "rate": spread(name, lambda run: 1 / run.seconds),
            "cpu": spread(name, lambda run: run.cpu),
            "peak": spread(name, lambda run: run.peak),
        } for name in runs}


def table(size, count, runs, ratios):
    lines = [
        f"## {count / 1e6:g} million records of {name_of(size)}", "",
        "| | records/s | to the limit | CPU, s per million | to the limit | peak memory, MiB | to the limit |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, of_program in runs.items():
        rate = statistics.median(count / run.seconds for run in of_program)
        cpu = statistics.median(run.cpu / count * 1e6 for run in of_program)
        peak = statistics.median(run.peak / 2**20 for run in of_program)
        by = {figure: "{:.2f} ({:.2f}..{:.2f})".format(*spread) for figure, spread in ratios[name].items()}
        lines.append(
            f"| {name} | {rate / 1e6:.2f} M | {by['rate']} | {cpu:.2f} | {by['cpu']} | {peak:.0f} | {by['peak']} |")
    return "\n".join(lines) + "\n"


def caption(bench):
    rounds = bench.options.rounds
    franz_go = re.search(r"twmb/franz-go (v[\d.]+)", (Path(__file__).parent / "franz-go/go.mod").read_text())
    go = facts.first_line(shutil.which("go") or "/usr/local/go/bin/go", "version").split()
    peers = [facts.kcat()] if facts.kcat() else []
    peers += [f"franz-go {franz_go.group(1)} ({go[2]})"] if len(go) > 2 else []
    return f"""\
Every program is the only member of a new group that subscribes to the topic ({PARTITIONS} partitions, not compressed)
and carries it into one file; {rounds} rounds, the programs in turn, after one run that is not counted. Records/s: from
the first byte in the file to the last, so without starting and joining. CPU: user + system of the whole process,
starting and joining included. Memory: the largest resident set. Figures are medians; ratios are to the limit in the
same round, as median (least..most). After each run the file was read: it held every record once, every byte as it was
produced.

The limit is a bare loop over librdkafka: consume a batch of 1,000, copy value and newline into a buffer of 256 KiB,
`write`; librdkafka's own fetch and queue sizes, mimalloc, no commits. The one that is syncing also calls `fdatasync`
each second or 256 MiB, in the same thread. Runnel does that by default, and commits; with one checkpoint it does it at
the end, after the last byte, which shows what forwarding alone costs.

{bench.facts()} Peers: {', '.join(peers) or 'none'}.
"""


def name_of(size):
    return f"{size // 1024} KiB" if size % 1024 == 0 else f"{size} B"
