"""A machine with a systemd that has booted, and a service in it, as its administrator sees them."""

import json
import os
import re
import subprocess
from pathlib import Path

from runnel import RUNNELD, configuration, whole_lines

SCRIPT = Path(__file__).with_name("machine")
BUILD = RUNNELD.resolve().parents[1]
LOGS = "/var/log/runnel"


def libraries():
    """The packages whose libraries the daemon needs."""
    linked = subprocess.run(["ldd", RUNNELD], check=True, capture_output=True, text=True).stdout
    packages = set()
    for path in re.findall(r"=> (/\S+)", linked):
        for spelled in (path, f"/usr{path}", path.removeprefix("/usr")):
            owner = subprocess.run(["dpkg", "-S", spelled], capture_output=True, text=True)
            if owner.returncode == 0:
                packages.add(owner.stdout.split(":")[0])
                break
    return sorted(packages)


def base(*packages):
    done = subprocess.run([SCRIPT, "base", *packages], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


class Machine:
    """Runs from its making on. `root` is its disk, which can be read and written here as well."""

    def __init__(self, directory, base):
        self.directory = directory
        self.root = directory / "root"
        self._script("start", base)

    def _script(self, action, *arguments):
        subprocess.run([SCRIPT, action, self.directory, *arguments], check=True, timeout=120)

    def cut_power(self):
        self._script("kill")

    def boot(self):
        self._script("boot")

    def reboot(self):
        self._script("reboot")

    def close(self):
        self._script("stop")

    def run(self, *command, check=True, input=None, within=60):
        """Runs it inside to its end; what it printed, as text."""
        done = subprocess.run(
            [SCRIPT, "run", self.directory, *command], capture_output=True, text=True, errors="replace", input=input,
            timeout=within)
        assert not check or done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def systemctl(self, *arguments, check=True, within=60):
        return self.run("systemctl", *arguments, check=check, within=within)

    def journal(self, *matches):
        """Its entries, as journalctl -o json gives them."""
        printed = self.run("journalctl", "-o", "json", "--all", "--no-pager", *matches).stdout
        return [json.loads(line) for line in printed.splitlines()]

    def write(self, path, text):
        path = self.root / path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def install(self):
        """As README says, from the build: what `cmake --install` puts there, and the user."""
        subprocess.run(
            ["cmake", "--install", BUILD, "--prefix", "/usr"], check=True, stdout=subprocess.DEVNULL,
            env=os.environ | {"DESTDIR": str(self.root)})
        self.run("systemd-sysusers")
        self.systemctl("daemon-reload")


class Service:
    """A unit of the machine; `unit` runneld has /etc/runnel/runneld.toml, runneld@a has /etc/runnel/a.toml."""

    def __init__(self, machine, broker_address, unit="runneld"):
        self.machine, self.broker_address, self.unit = machine, broker_address, unit
        self.name = unit.rpartition("@")[2]
        self.config = machine.root / f"etc/runnel/{self.name}.toml"

    def configure(self, *parts, **options):
        text = configuration(self.broker_address, self.name, *parts, **options)
        self.machine.write(f"/etc/runnel/{self.name}.toml", text)

    def drop_in(self, text, section="Service"):
        """What `systemctl edit` would write."""
        self.machine.write(f"/etc/systemd/system/{self.unit}.service.d/override.conf", f"[{section}]\n{text}\n")
        self.machine.systemctl("daemon-reload")

    def start(self, **options):
        return self.machine.systemctl("start", self.unit, **options)

    def stop(self):
        return self.machine.systemctl("stop", self.unit)

    def reload(self, **options):
        return self.machine.systemctl("reload", self.unit, **options)

    def kill(self, signal):
        self.machine.systemctl("kill", "--kill-whom=main", "--signal", signal, self.unit)

    def shows(self, *properties):
        """One property as text, or more of them in a list."""
        wanted = ",".join(properties)
        lines = self.machine.systemctl("show", "-p", wanted, self.unit).stdout.splitlines()
        values = dict(line.split("=", 1) for line in lines)
        return values[wanted] if len(properties) == 1 else [values[each] for each in properties]

    def state(self):
        return self.shows("ActiveState")

    def pid(self):
        return self.shows("MainPID")

    def entries(self):
        """What the daemon wrote to its journal, and what systemd wrote about it."""
        return self.machine.journal("-u", self.unit)

    def said(self, *words):
        """The messages of those that hold all of these words."""
        messages = [each["MESSAGE"] for each in self.entries() if isinstance(each["MESSAGE"], str)]
        return [each for each in messages if all(word in each for word in words)]

    def story(self):
        """For the report of a failed test."""
        status = self.machine.systemctl("status", "--no-pager", "--full", self.unit, check=False).stdout
        journal = self.machine.run("journalctl", "-u", self.unit, "-n", "60", "--no-pager", check=False).stdout
        return "\n".join(line[:400] for line in [*status.splitlines(), "", *journal.splitlines()])


def written(machine, directory=LOGS):
    """The records in its files in format json, file by file."""
    files = sorted((machine.root / directory.lstrip("/")).rglob("*.jsonl"))
    return [json.loads(line) for each in files for line in whole_lines(each.read_bytes())]


def offsets(machine, partition=0):
    return [record["offset"] for record in written(machine) if record["partition"] == partition]
