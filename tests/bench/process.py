"""A process that is measured while it fills a file."""

import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

LONGEST = 300  # s; whoever needs more hangs


@dataclass
class Run:
    seconds: float  # from the first byte in the file to the last
    cpu: float      # user + system of the whole process, s
    peak: int       # resident, bytes


def run(command, file, log, *, prints=False, done=None):
    """Runs it to its end; with `done`, it is told to end by SIGTERM when done() says so. With `prints`, its standard
    output becomes the file. Raises when it fails."""
    with open(log, "wb") as errors:
        output = open(file, "wb") if prints else errors
        process = subprocess.Popen(
            [str(each) for each in command], stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        if prints:
            output.close()
    try:
        begin, peak = _watch(process.pid, file, done)
    except BaseException:
        process.kill()
        process.wait()
        raise
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
        raise RuntimeError(f"{command[0]} ended with {process.returncode}:\n{tail}")
    # The kernel's own mark of the last write: it needs no polling, and whatever comes after does not move it.
    return Run(file.stat().st_mtime - begin, usage.ru_utime + usage.ru_stime, peak)


def quiet(file, seconds=0.3):
    """A function that says whether the file has stayed as long as it is."""
    last = [0, time.monotonic()]

    def look():
        size = file.stat().st_size
        if size != last[0]:
            last[:] = [size, time.monotonic()]
        return time.monotonic() > last[1] + seconds
    return look


def _watch(pid, file, done):
    deadline = time.monotonic() + LONGEST
    while size(file) == 0 and not _ended(pid):
        _check(deadline)
        time.sleep(0.002)
    begin = time.time()
    peak = 0
    while not _ended(pid):
        _check(deadline)
        peak = max(peak, peak_memory(pid))
        if done and done():
            os.kill(pid, signal.SIGTERM)
            done = None
        time.sleep(0.02)
    return begin, peak


def _check(deadline):
    if time.monotonic() > deadline:
        raise RuntimeError(f"it did not end within {LONGEST} s")


def size(file):
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _ended(pid):
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def peak_memory(pid):
    """Of the process itself; getrusage's counts what its parent had when it forked, too."""
    return memory(pid, "VmHWM")


def memory(pid, what):
    found = re.search(rf"{what}:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found.group(1)) << 10 if found else 0  # one that has just ended has none
