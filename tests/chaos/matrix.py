"""The outcomes as tables: for a terminal, and for docs/faults.md between its markers."""

from member import HUNG
from programs import PROGRAMS

BEGIN, END = "<!-- from the run: ./dev chaos --publish -->", "<!-- end of the run -->"
FIGURES = ("lost", "doubled", "torn", "reordered")


def line(outcome):
    """For a terminal."""
    if outcome.without:
        return f"{outcome.fault:26}{outcome.program:9} -  {outcome.without}"
    figures = " ".join(f"{figure} {getattr(outcome.verdict, figure)}" for figure in FIGURES)
    return (
        f"{outcome.fault:26}{outcome.program:9}{outcome.struck:3} of {outcome.asked:<3}"
        f" records {outcome.verdict.records:<9} {outcome.rate:.0f}/s  {figures}"
        f"{f'  ({_notes(outcome)})' if outcome.notes else ''}{f'  FAILED: {outcome.failure}' if outcome.failure else ''}")


def good(outcome):
    """Every fault that was asked for happened; and of Runnel, nothing is wrong in the files or beside them."""
    happened = outcome.struck == outcome.asked and not outcome.failure
    return bool(outcome.without) or happened and (outcome.program != "runneld" or outcome.verdict.exact())


def markdown(kinds, outcomes, facts):
    rows = [f"| {fault.name} | {' | '.join(_cells(fault, outcomes))} |" for fault in kinds]
    programs = list(PROGRAMS)
    return "\n".join([
        f"| fault | times | records | {' | '.join(programs)} | seen at runneld |",
        f"|---|---|---|{'---|' * len(programs)}---|",
        *rows, "", _total(outcomes), "", facts])


def publish(page, text):
    before, found, rest = page.read_text().partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise RuntimeError(f"{page} has not the lines {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def _total(outcomes):
    ours = [each for each in outcomes if each.program == "runneld"]
    rates = [each.rate for each in ours]
    return (
        f"{sum(each.struck for each in ours)} faults of Runnel while {sum(each.verdict.records for each in ours):,} records "
        f"came, {min(rates):,.0f} to {max(rates):,.0f} a second.")


def _cells(fault, outcomes):
    of_fault = {each.program: each for each in outcomes if each.fault == fault.name}
    ours = of_fault["runneld"]
    cells = [_cell(of_fault[program]) for program in PROGRAMS]
    return [str(ours.struck), f"{ours.verdict.records:,}", *cells, _notes(ours)]


def _cell(outcome):
    if outcome.without:
        return outcome.without
    wrong = [f"{getattr(outcome.verdict, figure):,} {figure}" for figure in FIGURES if getattr(outcome.verdict, figure)]
    figures = f"**{', '.join(wrong)}**" if wrong else "0"
    return f"{figures} ({HUNG}: {outcome.notes[HUNG]})" if HUNG in outcome.notes else figures


def _notes(outcome):
    return ", ".join(f"{what}: {count:,}" for what, count in outcome.notes.items())
