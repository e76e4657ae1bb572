"""What all parts share: where things are, one broker, topics that are filled once, and how a result is written."""

import datetime
import os
import platform
import re
import shutil
import subprocess
from functools import cached_property
from pathlib import Path

from broker import SCRIPT, Broker

PARTITIONS = 4


class Bench:
    def __init__(self, root, build, options):
        self.root, self.options = root, options
        self.programs = build / "tests/bench"
        self.runneld = Path(os.environ.get("RUNNELD", build / "daemon/runneld"))
        self.out = root / "build/bench" / ("small" if options.small else "")
        self.work = options.directory.resolve() / "work"  # gone at the end
        self.results = []
        self.topics = {}

    def __enter__(self):
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.out.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_):
        if "broker" in self.__dict__:
            self.broker.close()
        shutil.rmtree(self.work, ignore_errors=True)

    @cached_property
    def broker(self):
        return Broker(self.work / "kafka")

    def topic(self, count, size):
        """The name of a topic that holds `count` records of `size` bytes, evenly in its partitions."""
        if (count, size) not in self.topics:
            name = f"bench-{count}-{size}"
            self.broker.create(name, PARTITIONS)
            print(f"filling {name}", flush=True)
            command = [self.programs / "bench_fill", self.broker.address, name, count, size, PARTITIONS]
            subprocess.run([str(each) for each in command], check=True)
            self.topics[count, size] = name
        return self.topics[count, size]

    def configure(self, directory, topic, group, sink, consumer=""):
        """A configuration of one flow into one sink (its lines); all that is not said is as it comes. Returns the
        file."""
        directory.mkdir(parents=True, exist_ok=True)
        file = directory / "runneld.toml"
        file.write_text(f"""\
[runnel]
state_dir = "{directory}"

[kafka]
bootstrap.servers = "{self.broker.address}"

[consumer.bench]
topics = ["{topic}"]
sinks = ["out"]
kafka.group.id = "{group}"
kafka.auto.offset.reset = "earliest"
{consumer}

[sink.out]
{sink}
""")
        return file

    def write(self, name, text):
        """Writes a result, and prints it unless it is a picture."""
        file = self.out / name
        file.write_text(text)
        self.results.append(file)
        if name.endswith(".md"):
            print(f"\n{text}", flush=True)
        print(f"written: {file}", flush=True)

    def facts(self):
        """On what it was measured, as a line of Markdown."""
        processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
        memory = int(re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text()).group(1)) >> 20
        default = re.search(r"KAFKA_VERSION:-([\d.]+)", SCRIPT.read_text()).group(1)
        kafka = os.environ.get("KAFKA_VERSION", default)
        version = first_line(self.runneld, "--version")
        library = re.search(r"librdkafka [\d.]+", output(self.runneld, "--version"))
        commit = first_line("git", "-C", self.root, "describe", "--always", "--dirty")
        return (
            f"{datetime.date.today()}; {processor.group(1) if processor else platform.machine()}, "
            f"{os.cpu_count()} cores, {memory} GiB, Linux {platform.release()}, {file_system(self.work)}; "
            f"{version}{f' ({commit})' if commit else ''}, {library.group() if library else ''}, "
            f"Apache Kafka {kafka} on the same machine.")


def output(*command):
    """Both streams of a command; empty when there is no such command."""
    try:
        done = subprocess.run(
            [str(each) for each in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.decode() if done.returncode == 0 else ""


def first_line(*command):
    return output(*command).partition("\n")[0]


def file_system(path):
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    around = [(mount, kind) for mount, kind in mounts if path.is_relative_to(mount)]
    return max(around, key=lambda each: len(each[0]))[1]
