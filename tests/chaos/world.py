"""A broker, a producer, and crews that carry what it produces while a fault strikes; then what is in their files."""

import random
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from broker import Broker
from member import Crew, Maker, Place
from oracle import Verdict, judge
from programs import PROGRAMS
from runnel import TooLate, eventually

PARTITIONS = 6
PROPERTIES = {"session.timeout.ms": 4000, "heartbeat.interval.ms": 500, "topic.metadata.refresh.interval.ms": 5000}
DRAIN = 60  # s, for what is left when the producer has ended


@dataclass
class Outcome:
    fault: str
    program: str
    asked: int = 0
    struck: int = 0
    rate: float = 0
    verdict: Verdict = field(default_factory=Verdict)
    notes: dict = field(default_factory=dict)
    failure: str = ""  # the fault did not happen, or something beside the files is wrong
    without: str = ""  # why this program cannot meet it


class World:
    """Below `place` it has a directory of its own, which is gone at the end."""

    def __init__(self, build, place, rate):
        self.producer = build / "tests/chaos/chaos_produce"
        self.rate = rate
        place.mkdir(parents=True, exist_ok=True)
        self.work = Path(tempfile.mkdtemp(dir=place))
        self.broker = Broker(self.work / "kafka")
        self.number = 0

    def close(self):
        self.broker.close()
        shutil.rmtree(self.work, ignore_errors=True)

    def run(self, kind, programs, times, seed):
        """The outcomes of one kind of fault, for these programs at once."""
        fault = kind(self)
        fault.asked = times
        self.number += 1
        topic = f"chaos-{self.number}"
        self.broker.create(topic, PARTITIONS)
        able = [each for each in programs if each not in fault.without]
        crews = [self._crew(fault, program, topic) for program in able]
        maker = Maker(self.producer, crews[0].place, self.rate, PARTITIONS, self.work / "producer.log")
        try:
            outcomes = {crew: Outcome(fault.name, crew.program, times) for crew in crews}
            self._strike(fault, crews, outcomes, times, seed)
            rate, produced = maker.finish()
            ends = crews[0].place.ask(lambda broker: broker.ends(topic))
            assert ends == dict(enumerate(produced)), "the topic does not hold what was produced"
            _in_threads(crews, lambda crew: _carry_home(crew, fault, outcomes[crew]))
            for crew, outcome in outcomes.items():
                outcome.rate, outcome.struck, outcome.notes = rate, crew.struck, crew.notes
                files = [file for member in crew.members for file in member.files()]
                outcome.verdict = judge(produced, map(_lines, files), crew.moves)
            crews[0].place.ask(lambda broker: broker.delete(topic))
            missing = [Outcome(fault.name, each, without=why) for each, why in fault.without.items() if each in programs]
            return [*outcomes.values(), *missing]
        finally:
            maker.close()
            for crew in crews:
                crew.close()
            fault.release()
            shutil.rmtree(self.work / topic, ignore_errors=True)

    def _crew(self, fault, program, topic):
        place = Place(self.broker, topic, f"{topic}-{program}")
        members = []
        for number in range(fault.members):
            name = f"{program}-{number}"
            directory = self.work / topic / name
            directory.mkdir(parents=True)
            identity = {"group.instance.id": name} if fault.static else {}
            environment = fault.prepare(directory)
            members.append(PROGRAMS[program](name, directory, place, PROPERTIES | identity, environment))
        return Crew(program, place, members)

    def _strike(self, fault, crews, outcomes, times, seed):
        chances = {crew: random.Random(f"{seed} {fault.name} {crew.program}") for crew in crews}

        def at_once(work):
            _in_threads([crew for crew in crews if not outcomes[crew].failure], lambda crew: guarded(crew, work))

        def guarded(crew, work):
            try:
                work(crew)
            except Exception as error:  # of a thread: told with the outcome
                outcomes[crew].failure = f"{type(error).__name__}: {error}"

        def strike(crew):
            for number in range(times):
                fault.strike(crew, number, chances[crew])
                crew.struck += 1
                crew.goes_on()

        at_once(Crew.start)
        if not fault.broker_wide:
            at_once(strike)
        for _ in range(times if fault.broker_wide else 0):
            at_once(lambda crew: fault.a_while(crew, chances[crew]))
            fault.strike_broker()
            for crew in crews:
                crew.struck += 1
            at_once(Crew.goes_on)


def _carry_home(crew, fault, outcome):
    """Waits until all is carried, and ends the members."""
    try:
        if fault.members > 1:
            crew.all_hold()
        _drain(crew)
        for each in crew.members:
            for what, words in each.says.items():
                crew.note(what, each.said(words))
            code = each.stop()
            if crew.program == "runneld" and code != 0:
                outcome.failure = outcome.failure or f"it ended with {code}"
        _judge_ends(crew, fault, outcome)
    except Exception as error:
        outcome.failure = outcome.failure or f"at the end: {type(error).__name__}: {error}"


def _drain(crew):
    try:
        eventually(crew.drained, DRAIN)
    except TooLate:
        crew.start_by_hand()
        eventually(crew.drained, DRAIN)
    last = [crew.size(), time.monotonic()]

    def quiet():
        if crew.size() != last[0]:
            last[:] = [crew.size(), time.monotonic()]
        return time.monotonic() > last[1] + 1

    eventually(quiet, DRAIN)


def _judge_ends(crew, fault, outcome):
    ends = [code for each in crew.members for code in each.own_ends]
    for code in sorted(set(ends)):
        crew.note(f"ended by itself with {code}", ends.count(code))
    strange = set(ends) - set(fault.ends)
    if crew.program == "runneld" and strange:
        outcome.failure = outcome.failure or f"it ended by itself with {sorted(strange)}"


def _lines(file):
    with open(file, "rb") as lines:
        yield from lines


def _in_threads(crews, work):
    threads = [threading.Thread(target=work, args=(crew,)) for crew in crews]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
