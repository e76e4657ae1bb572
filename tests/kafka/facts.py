"""On what something was measured."""

import datetime
import os
import platform
import re
import subprocess
from pathlib import Path

from broker import SCRIPT
from rsyslog import PROGRAM


def facts(root, runneld, place):
    """As a line of Markdown. `place`: where the files were."""
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text()).group(1)) >> 20
    default = re.search(r"KAFKA_VERSION:-([\d.]+)", SCRIPT.read_text()).group(1)
    kafka = os.environ.get("KAFKA_VERSION", default)
    version = first_line(runneld, "--version")
    library = re.search(r"librdkafka [\d.]+", output(runneld, "--version"))
    commit = first_line("git", "-C", root, "describe", "--always", "--dirty")
    return (
        f"{datetime.date.today()}; {processor.group(1) if processor else platform.machine()}, "
        f"{os.cpu_count()} cores, {memory} GiB, Linux {platform.release()}, {file_system(place)}; "
        f"{version}{f' ({commit})' if commit else ''}, {library.group() if library else ''}, "
        f"Apache Kafka {kafka} on the same machine.")


def kcat():
    """Its version; empty when there is none."""
    found = re.search(r"Version ([\d.]+).*librdkafka ([\d.]+)", output("kcat", "-V"))
    return f"kcat {found.group(1)} (librdkafka {found.group(2)})" if found else ""


def rsyslog():
    """Its version; empty when there is none."""
    found = re.match(r"rsyslogd +([\d.]+)", output(PROGRAM or "rsyslogd", "-v"))
    return f"rsyslog {found.group(1)}" if found else ""


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
