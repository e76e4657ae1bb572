"""A fault is a class: what it does to a crew, how often, and how it knows that it happened."""

import signal
import time

from oracle import Moved, last_place
from runnel import eventually


class Fault:
    """strike() returns when the fault has happened and is over, and raises when it did not happen. Whether the crew goes
    on then is asked by who calls it."""

    name = ""
    text = ""            # for the matrix
    times = 5            # in a run of a quarter of an hour
    small = 1            # in the short run
    longest = 4          # s, until it strikes one that writes
    members = 1
    static = True        # whether a member that comes back gets its partitions at once
    broker_wide = False  # for all crews at once, by strike_broker()
    ends = ()            # exit codes with which Runnel may end by itself
    without = {}         # programs that it cannot meet, and why

    def __init__(self, world):
        self.world = world

    def prepare(self, directory):
        """Before a member is made that has its disk there. Returns what its environment has beside."""
        return {}

    def strike(self, crew, number, chance):
        raise NotImplementedError

    def a_while(self, writing, chance):
        """Until a random moment of one that writes: a member or a crew."""
        writing.grows()
        time.sleep(chance.uniform(0, self.longest))

    def release(self):
        """When the files have been read."""


class Kill(Fault):
    name, text = "kill -9", "the process is killed at random moments"
    times, small, longest = 50, 3, 10

    def strike(self, crew, number, chance):
        (one,) = crew.members
        self.a_while(one, chance)
        assert one.kill() == -signal.SIGKILL
        one.start()


class Stop(Fault):
    name, text = "SIGTERM", "the process is told to end at random moments, and started again"
    times, small = 10, 2

    def strike(self, crew, number, chance):
        (one,) = crew.members
        self.a_while(one, chance)
        code = one.stop()
        assert code == 0 or crew.program != "runneld", f"SIGTERM: it ended with {code}"
        one.start()


class Members(Fault):
    name = "members come and go"
    text = "two members with a state directory each share a group; in turn one of them leaves, or is killed, and comes back"
    times, small = 12, 2
    members, static = 2, False

    def strike(self, crew, number, chance):
        crew.all_hold()
        gone = crew.members[number // 2 % 2]
        (stays,) = set(crew.members) - {gone}
        self.a_while(crew, chance)
        if number % 2:
            assert gone.kill() == -signal.SIGKILL
            crew.note("killed")
        else:
            gone.stop()
            crew.note("left")
        eventually(lambda: set(crew.held()) == {stays.name}, 60)
        self.a_while(stays, chance)
        gone.start()


class BrokerKilled(Fault):
    name, text = "broker kill -9", "the broker is killed and started again"
    times, broker_wide = 5, True

    def strike_broker(self):
        broker = self.world.broker
        broker.kill()
        assert not broker.alive()
        broker.start_again()


class Paused(Fault):
    name = "SIGSTOP past the session"
    text = "one of two members is stopped for longer than its session while records are in doubt, and goes on when the " \
           "other one has its partitions"
    times = 5
    members, static = 2, False

    def strike(self, crew, number, chance):
        crew.all_hold()
        paused = crew.members[number % 2]
        (other,) = set(crew.members) - {paused}
        eventually(lambda: self._pauses_in_doubt(crew, paused), 60)
        eventually(lambda: set(crew.held()) == {other.name}, 60)
        other.grows(1_000_000)
        before = self._fenced(paused)
        paused.go_on()
        crew.all_hold()
        if crew.program == "runneld":
            eventually(lambda: self._fenced(paused) > before, 30)

    @staticmethod
    def _fenced(member):
        """How often it said so."""
        return sum(member.said(words) for words in member.says.values())

    @staticmethod
    def _pauses_in_doubt(crew, member):
        """Stops it; whether it had written what is not committed. Else it goes on."""
        member.grows(1)
        member.pause()
        committed = crew.committed()
        ends = filter(None, map(last_place, member.files()))
        doubt = sum(max(0, sequence + 1 - committed.get(partition, 0)) for partition, sequence in ends)
        if doubt:
            crew.note("records in doubt", doubt)
            return True
        member.go_on()
        return False


class Reloaded(Fault):
    name = "SIGHUP, changed flow"
    text = "every few seconds SIGHUP with another checkpoint, another property of the client, another path"
    times, small = 20, 3
    without = {"kcat": "takes no configuration while it runs", "rsyslog": "SIGHUP opens its files anew, and reads no configuration"}

    def strike(self, crew, number, chance):
        (one,) = crew.members
        self.a_while(one, chance)
        done, refused = one.said("reload: done"), one.said("nothing has changed")
        one.configure(**(
            {"checkpoint": f"{500 + number}ms"}, {"fetch.wait.max.ms": 100 + number}, {"folder": f"folder-{number}"})[number % 3])
        one.signal(signal.SIGHUP)
        eventually(lambda: one.said("reload: done") > done, 30)
        assert one.said("nothing has changed") == refused


class OffsetsMoved(Fault):
    name = "offsets moved"
    text = "stopped, the group is moved by `kafka-consumer-groups`, in turn 5,000 records back and 3,000 forward in each " \
           "partition; what was asked for is neither lost nor doubled"
    times, static = 4, False

    def strike(self, crew, number, chance):
        (one,) = crew.members
        one.grows(chance.randrange(3_000_000, 5_000_000))
        one.stop()
        eventually(lambda: not crew.held(), 60)
        before = crew.committed()
        self.world.broker.move(crew.place.group, crew.place.topic, -5000 if number % 2 == 0 else 3000)
        after = crew.committed()
        assert before != after
        crew.moves += [Moved(partition, before[partition], to) for partition, to in after.items()]
        one.start()
