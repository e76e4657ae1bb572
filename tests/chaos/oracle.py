"""What must be in the files, and what is: over lines, and without a broker.

A record is a line of SIZE bytes: partition, sequence, and the sequence's digits again and again, so that every byte
follows from the two numbers. The producer (produce.cpp) writes the same."""

from collections import Counter
from dataclasses import dataclass

SIZE = 100


@dataclass(frozen=True)
class Moved:
    """Somebody told the group to go on elsewhere in a partition: what was asked for is neither lost nor doubled."""
    partition: int
    at: int  # all before it was read
    to: int


@dataclass
class Verdict:
    records: int = 0    # produced
    lost: int = 0       # less often than wanted, which is once
    doubled: int = 0    # each time beyond that
    torn: int = 0       # lines, and ends of files, that are no record
    reordered: int = 0  # behind a later one of their partition, in the same file, when they come for the first time

    def exact(self):
        return not (self.lost or self.doubled or self.torn or self.reordered)


def value(partition, sequence):
    digits = b"%010d" % sequence
    return (b"%02d %s " % (partition, digits) + digits * 9)[:SIZE]


def place(line):
    """(partition, sequence); None: this is no record."""
    try:
        found = int(line[:2]), int(line[3:13])
    except ValueError:
        return None
    return found if line == value(*found) else None


def last_place(file):
    """Of the last whole line; None: there is none."""
    with open(file, "rb") as lines:
        lines.seek(max(0, file.stat().st_size - 3 * SIZE))
        found = [place(line[:-1]) for line in lines if line.endswith(b"\n")]
    return found[-1] if found else None


def judge(produced, files, moves=()):
    """`produced`: how many in each partition, from 0 on. `files`: of each its lines, with their newlines."""
    seen = [bytearray(count) for count in produced]
    verdict = Verdict(records=sum(produced))
    jumps = {(move.partition, move.at): move.to for move in moves}
    for lines in files:
        _read(lines, seen, jumps, verdict)
    for wanted, counts in zip(_wanted(produced, moves), seen, strict=True):
        for (wish, times), records in Counter(zip(wanted, counts, strict=True)).items():
            verdict.lost += records * max(0, wish - times)
            verdict.doubled += records * max(0, times - wish)
    return verdict


def _read(lines, seen, jumps, verdict):
    nexts = {}  # by partition: what comes next in this file if all is well
    for line in lines:
        found = place(line[:-1]) if line.endswith(b"\n") else None
        if not found or found[0] >= len(seen) or found[1] >= len(seen[found[0]]):
            verdict.torn += 1
            continue
        partition, sequence = found
        expected = nexts.get(partition, 0)
        if sequence >= expected or jumps.get((partition, expected)) == sequence:
            nexts[partition] = sequence + 1
        elif not seen[partition][sequence]:
            verdict.reordered += 1
        seen[partition][sequence] = min(255, seen[partition][sequence] + 1)


def _wanted(produced, moves):
    """How often each record was to come."""
    wanted = [bytearray(b"\1" * count) for count in produced]
    for move in moves:
        for sequence in range(*sorted((move.at, move.to))):
            wanted[move.partition][sequence] += 1 if move.to < move.at else -1
    return wanted
