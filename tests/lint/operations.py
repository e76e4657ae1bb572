#!/usr/bin/env python3
"""Keeps the table of log lines in docs/operations.md whole.

    operations.py PAGE FILE...   every sentence of level warning or above in those FILEs that are of lib/ or daemon/ stands
                                 on the page, with … for what varies, and every sentence of its tables in these sources;
                                 says what does not
    operations.py --self-test

A sentence is a string that is given to a call that warns, or that ends a flow, or is the reason that such a call quotes.
Refusals of a configuration are not among them: they say file, line and key.
"""

import re
import sys
from pathlib import Path

STRING = r'"(?:[^"\\\n]|\\.)*"'
STRINGS = re.compile(rf"{STRING}(?:\s*{STRING})*")
CALL = re.compile(r"\b(warn|error|tell|Broken|failed|stuck|fail|Error|SocketError|Locked|LedgerRefused)\(")
CAUSES = {"warn": 1, "error": 1, "tell": 2}  # so many arguments come before the sentence: an area, a cause
REFUSALS = ("lib/config/", "lib/format/", "daemon/options.cpp", "daemon/setup.cpp")


def arguments(source, begin):
    """Those of the call whose ( stands right before `begin`."""
    found, depth, at, last = [], 0, begin, begin
    while depth >= 0:
        string = re.compile(STRING).match(source, at)
        if string:
            at = string.end()
            continue
        depth += (source[at] in "({[") - (source[at] in ")}]")
        if depth < 0 or (depth == 0 and source[at] == ","):
            found.append(source[last:at])
            last = at + 1
        at += 1
    return found


def plain(literals):
    """The text of literals that stand one behind the other, with … for each field of a format."""
    text = "".join(each[1:-1] for each in re.findall(STRING, literals))
    text = re.sub(r"\{[^{}]*\}|%s", "…", text.replace('\\"', '"').replace("\\n", " "))
    return " ".join(text.split())


def told(text):
    """Without what only leads over to what varies: whether words are left, and which."""
    text = text.strip(" …:;,()")
    return text if re.search(r"[a-z]{4}", text) else ""


def sentences(name, source):
    """(line, sentence)"""
    if name.startswith(REFUSALS):
        return
    for call in CALL.finditer(source):
        given = arguments(source, call.end())
        word = call[1]
        if word == "tell" and "warning" not in given[0] and "error" not in given[0]:
            continue
        if source[: call.start()].endswith("config::"):
            continue
        given = " ".join(given[CAUSES.get(word, 0):])
        literals = STRINGS.findall(given)
        variable = re.match(r"\s*(\w+)\b", given)
        if not literals and variable:  # the sentence was made before
            made = [*re.finditer(rf"\bauto {variable[1]} =((?:[^;\"]|{STRING})*);", source[: call.start()])]
            literals = STRINGS.findall(made[-1][1]) if made else []
        for each in literals:
            if told(plain(each)):
                yield source.count("\n", 0, call.start()) + 1, told(plain(each))


def entries(page):
    """(line, sentence) of each one in backquotes in the first column of a table whose head says `the log says`."""
    in_table = False
    for number, line in enumerate(page.splitlines(), 1):
        cells = line.split("|")
        if not line.startswith("|"):
            in_table = False
        elif cells[1].strip() == "the log says":
            in_table = True
        elif in_table:
            for each in re.findall(r"`([^`]*)`", cells[1]):
                if told(each):
                    yield number, told(each)


def check(page_name, page, sources):
    found = []
    on_page = {sentence for _, sentence in entries(page)}
    known = set()
    for name, source in sources:
        known |= {told(plain(each)) for each in STRINGS.findall(source)}
        for line, sentence in sentences(name, source):
            if not any(sentence in entry for entry in on_page):
                found.append(f"{name}:{line}: {page_name} does not tell what to do about `{sentence}`")
    for line, entry in entries(page):
        left = entry
        if any(entry in each for each in known):
            continue
        for each in sorted(known, key=len, reverse=True):
            if " " in each:  # a word may be anywhere
                left = left.replace(each, "")
        if told(left):
            found.append(f"{page_name}:{line}: no source says `{told(left)}`")
    return found


SOURCE = r"""
  warn("cause", fmt::format("a commit failed: {}; "
                            "trying \"again\"", reason));
  const auto text = fmt::format("{} records, ({}) more;", n, f("x"));
  changes_.warn("given up", text, now);
  throw Broken(fmt::format("{}: {}", area, why), code);
  tell(Level::info, "connected", "connected to it");
  tell(Level::warning, "ended", "{}: it ended");
"""
PAGE = """
| the log says | what to do |
|---|---|
| `a commit failed: …; trying "again"` | nothing |
| `… records, (…) more` | nothing |
| `…: it ended` | nothing |

| other |
|---|
| `anything` |
"""


def self_test():
    failed = 0
    cases = [
        (PAGE, [], "a whole page"),
        (PAGE.replace("a commit failed", "a commit faild"), ["does not tell", "no source says"], "a slip"),
        (PAGE.replace("| `…: it ended` | nothing |\n", ""), ["does not tell"], "a sentence that is not told"),
        (PAGE.replace("| `…: it", "| `gone by now` | nothing |\n| `…: it"), ["no source says"], "one that is gone"),
        (PAGE.replace("… records, (…) more", "records"), ["does not tell"], "one that was made before, cut"),
    ]
    for page, expected, what in cases:
        found = check("PAGE", page, [("lib/x.cpp", SOURCE)])
        if len(found) != len(expected) or not all(some in each for some, each in zip(expected, found)):
            failed += 1
            print(f"operations: {what}: found {found}, expected {expected}")
    print(f"operations: self-test of {len(cases)} pages: {failed} failed")
    return 1 if failed else 0


def main(words):
    if words == ["--self-test"]:
        return self_test()
    if len(words) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    sources = [(name, Path(name).read_text()) for name in words[1:] if name.startswith(("lib/", "daemon/"))]
    found = check(words[0], Path(words[0]).read_text(), sources)
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
