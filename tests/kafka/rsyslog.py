"""A real rsyslog with a configuration of its own: what it has received, by UDP, TCP and a socket, as it understood it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time

PROGRAM = shutil.which("rsyslogd", path=os.environ.get("PATH", "") + ":/usr/sbin")
CONFIGURATION = """
global(workDirectory="HERE" maxMessageSize="8k"
       parser.escapeControlCharactersOnReceive="off" parser.dropTrailingLFOnReception="off")
main_queue(queue.type="direct")
module(load="imudp")
module(load="imtcp")
module(load="imuxsock" SysSock.Use="off")
template(name="whole" type="list" option.jsonf="on") {
    property(outname="input" name="inputname" format="jsonf")
    property(outname="pri" name="pri" format="jsonf")
    property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
    property(outname="host" name="hostname" format="jsonf")
    property(outname="app" name="programname" format="jsonf")
    property(outname="tag" name="syslogtag" format="jsonf")
    property(outname="process" name="procid" format="jsonf")
    property(outname="data" name="structured-data" format="jsonf")
    property(outname="message" name="msg" format="jsonf")
}
ruleset(name="all") { action(type="omfile" file="HERE/received" template="whole") }
input(type="imudp" address="127.0.0.1" port="PORT" ruleset="all")
input(type="imudp" address="::1" port="PORT" ruleset="all")
input(type="imtcp" port="PORT" ruleset="all")
input(type="imuxsock" socket="HERE/log" ignoreTimestamp="off" useSysTimeStamp="off" ruleset="all")
"""


class Rsyslog:
    def __init__(self, directory):
        directory.mkdir()
        self.directory = directory
        self.port = _free_port()
        self.socket = directory / "log"
        text = CONFIGURATION.replace("HERE", str(directory)).replace("PORT", str(self.port))
        (directory / "rsyslog.conf").write_text(text)
        self.process = None
        self.start()

    def start(self):
        here = self.directory
        command = [PROGRAM, "-n", "-x", "-f", here / "rsyslog.conf", "-i", here / "pid"]
        with open(here / "stderr", "ab") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        deadline = time.monotonic() + 10
        while not self._listens():
            assert self.process.poll() is None and time.monotonic() < deadline, (here / "stderr").read_text()
            time.sleep(0.02)

    def _listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
                probe.connect(str(self.socket))
        except OSError:
            return False
        return True

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        if self.process.poll() is None:
            self.go_on()
            self.kill()

    def received(self):
        """All messages so far; what a killed rsyslog left half written is left out."""
        try:
            lines = (self.directory / "received").read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        return [message for message in map(_parsed, lines) if message]

    def messages(self):
        return [each["message"] for each in self.received()]


def _parsed(line):
    try:
        return json.loads(line)
    except ValueError:
        return None


def _free_port():
    """One that is free for both kinds, below the range from which the kernel gives out its own."""
    for port in range(19000, 20000):
        try:
            with socket.create_server(("127.0.0.1", port)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
                datagrams.bind(("127.0.0.1", port))
                return port
        except OSError:
            continue
    raise RuntimeError("no free port for rsyslog between 19000 and 20000")
