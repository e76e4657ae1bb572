"""Runnel and what people use in its place, each set up to lose as little as it can."""

from member import Member
from runnel import RUNNELD, configuration, consumer, file
from rsyslog import PROGRAM as RSYSLOGD


class Runneld(Member):
    """Its defaults, but for the properties of the group that all three have."""

    program = "runneld"
    says = {"commits refused": "a commit was refused", "assignments lost": "lost "}

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.config = self.directory / "runneld.toml"
        self.configure()

    def configure(self, *, folder="a", checkpoint="1s", **kafka):
        """Also anew while it runs."""
        flow = consumer(
            self.place.topic, self.place.group, sinks=["files"], checkpoint=checkpoint,
            **{key.replace(".", "_"): value for key, value in (self.properties | kafka).items() if key != "client.id"})
        text = configuration(
            self.place.broker.address, self.name, flow, file(self.out / folder / "{partition}.log", "raw"),
            settings={"state_dir": str(self.disk / "state")}, kafka={"reconnect.backoff.max.ms": 500})
        fresh = self.config.with_suffix(".new")
        fresh.write_text(text)
        fresh.rename(self.config)

    def command(self):
        return [RUNNELD, "-c", self.config]


class Kcat(Member):
    """In a loop that starts it again, and unbuffered: else it keeps up to 4 KiB to itself. It commits every five seconds:
    it takes auto.commit.interval.ms for the property of the same name of librdkafka's old consumer."""

    program = "kcat"

    def prints(self):
        return self.out / "all.log"

    def command(self):
        options = [word for key, value in self.properties.items() for word in ("-X", f"{key}={value}")]
        return ["kcat", "-u", "-b", self.place.broker.address, *options, "-G", self.place.group, "-f", r"%s\n",
                self.place.topic]


CONFIGURATION = """
global(workDirectory="HERE" maxMessageSize="64k" net.enableDNS="off")
main_queue(queue.type="Direct")
module(load="imkafka")
template(name="value" type="string" string="%rawmsg%\\n")
ruleset(name="all" queue.type="Direct") {
    action(type="omfile" file="OUT/all.log" template="value" asyncWriting="off" flushOnTXEnd="on"
           action.resumeRetryCount="-1" action.resumeInterval="1" queue.type="LinkedList" queue.size="500000"
           queue.filename="waiting" queue.saveOnShutdown="on")
}
input(type="imkafka" topic="TOPIC" broker="BROKER" consumergroup="GROUP" ruleset="all"
      confParam=[PROPERTIES])
"""


class Rsyslog(Member):
    """The records wait in a queue while their file cannot be written, as its documentation says for outages; without one,
    a full disk loses all that comes meanwhile. The queue is not on the disk that fails."""

    program = "rsyslog"

    def command(self):
        properties = self.properties | {"auto.commit.interval.ms": 1000}  # as often as Runnel by default
        values = {
            "HERE": str(self.directory), "OUT": str(self.out), "TOPIC": self.place.topic, "BROKER": self.place.broker.address,
            "GROUP": self.place.group,
            "PROPERTIES": ", ".join(f'"{key}={value}"' for key, value in properties.items())}
        text = CONFIGURATION
        for name, value in values.items():
            text = text.replace(name, value)
        (self.directory / "rsyslog.conf").write_text(text)
        return [RSYSLOGD, "-n", "-f", self.directory / "rsyslog.conf", "-iNONE"]


PROGRAMS = {each.program: each for each in (Runneld, Kcat, Rsyslog)}
