"""What all parts share: where things are, one broker, topics that are filled once, and how a result is written."""

import os
import shutil
import subprocess
from functools import cached_property
from pathlib import Path

from broker import Broker
from facts import facts

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
        return facts(self.root, self.runneld, self.work)
