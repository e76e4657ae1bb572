"""A disk that fails when a test says so, under a program that knows nothing of it: tests/support/faulty_disk.c, which says
what each failure is."""

import subprocess
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "support/faulty_disk.c"


class FaultyDisk:
    """For the regular files below `below`. Made and controlled in `directory`, which must not be below it."""

    def __init__(self, directory, below):
        directory.mkdir(parents=True, exist_ok=True)
        library = directory / "faulty_disk.so"
        self.control, self.log = directory / "control", directory / "log"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, SOURCE], check=True)
        self.environment = {
            "LD_PRELOAD": str(library), "FAULTY_DISK": str(below.resolve()), "FAULTY_DISK_CONTROL": str(self.control),
            "FAULTY_DISK_LOG": str(self.log)}

    def fail(self, *words):
        """From now on: "write", "quota", "torn", "sync-keep", "sync-zero", "sync-cut"; with "only=TEXT" in some files alone."""
        fresh = self.control.with_suffix(".new")
        fresh.write_text(" ".join(words))
        fresh.rename(self.control)  # nobody sees half of it

    def heal(self):
        self.fail()

    def failures(self):
        """What failed so far: ("write" or "sync", path)."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [tuple(line.split(" ", 1)) for line in lines]
