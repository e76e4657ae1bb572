"""A terminal as a test sees it."""

import codecs
import os
import pty
import subprocess
import termios

import pytest


class Terminal:
    """A terminal with a keyboard, which belongs to one Runnel: Ctrl-C goes to it."""

    def __init__(self):
        self.ours, self.theirs = pty.openpty()
        os.set_blocking(self.ours, False)
        self.seen = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")()

    def type(self, keys):
        os.write(self.ours, keys)

    def hang_up(self):
        """As when its window is closed, or the connection that it is the end of."""
        os.close(self.ours)
        self.ours = None

    def text(self):
        try:
            while part := os.read(self.ours, 65536):
                self.seen += self.decoder.decode(part)
        except OSError:  # nothing more now; or the other side is closed
            pass
        return self.seen

    def flags(self):
        """All that a process could have changed of it, for others to find."""
        return termios.tcgetattr(self.theirs), os.get_blocking(self.theirs)

    def start(self, runnel, **descriptors):
        """On this terminal, but for the descriptors that are given."""
        # setsid(1) --ctty takes the terminal that is its standard input
        command = ["setsid", "--ctty", *runnel.command()]
        every = {"stdin": self.theirs, "stdout": self.theirs, "stderr": self.theirs} | descriptors
        runnel.process = subprocess.Popen(command, cwd=runnel.directory, env=runnel.environment, **every)
        return runnel


@pytest.fixture
def terminal():
    terminal = Terminal()
    yield terminal
    if terminal.ours is not None:
        os.close(terminal.ours)
    os.close(terminal.theirs)
