#!/usr/bin/env python3
"""Counts a JUnit report of ctest or pytest for ./dev test: `PASSED FAILED`, then `skip NAME: REASON` lines."""

import re
import sys
import xml.etree.ElementTree as tree

passed, failed, skipped = 0, 0, []
for case in tree.parse(sys.argv[1]).iter("testcase"):
    skip = case.find("skipped")
    if case.find("failure") is not None or case.find("error") is not None:
        failed += 1
    elif skip is not None:
        # ctest keeps what the test printed; googletest says the reason after "Skipped".
        said = re.search(r": Skipped\n(.*)", case.findtext("system-out") or "")
        reason = said.group(1).strip() if said else skip.get("message", "")
        skipped.append(f"{case.get('name')}: {reason or 'no reason given'}")
    else:
        passed += 1
print(passed, failed)
for line in skipped:
    print("skip", line)
