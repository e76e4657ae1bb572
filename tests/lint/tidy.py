#!/usr/bin/env python3
"""Runs clang-tidy over lib/, daemon/ and docs/, a process a core, and prints only what it found.

    tidy.py BUILD_DIR [PATH...]   BUILD_DIR holds compile_commands.json; PATH: only these sources

A source that was clean is not looked at again until it, a header of the project, or .clang-tidy changes.
"""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {ROOT / "lib/async/asio.cpp"}  # it includes all of Asio and holds nothing else
FOLDERS = ("lib", "daemon", "docs")
CLANG_TIDY = os.environ.get("CLANG_TIDY", "clang-tidy")


def main(arguments):
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    build = Path(arguments[0]).resolve()
    only = {Path(a).resolve() for a in arguments[1:]}
    sources = {Path(c["directory"], c["file"]).resolve() for c in json.loads((build / "compile_commands.json").read_text())}
    sources = [s for s in sorted(sources) if any(s.is_relative_to(ROOT / folder) for folder in FOLDERS)]
    sources = [s for s in sources if s not in NOT_OURS]
    if only:
        sources = [s for s in sources if s in only]
    if not sources:
        print("clang-tidy: no source found")
        return 1

    shared = [ROOT / ".clang-tidy", Path(__file__)]
    shared += [h for folder in FOLDERS for h in (ROOT / folder).rglob("*.hpp")]
    newest = max(p.stat().st_mtime for p in shared)
    stamps = build / "tidy"
    stamps.mkdir(exist_ok=True)

    def run(source):
        stamp = stamps / str(source.relative_to(ROOT)).replace("/", "+")
        if stamp.exists() and stamp.stat().st_mtime > max(newest, source.stat().st_mtime):
            return 0, "", None
        begun = time.time()
        # -Wno-unknown-warning-option: the flags are g++'s. The count of suppressed warnings on stderr is noise.
        done = subprocess.run(
            [CLANG_TIDY, "-p", build, "--quiet", "--extra-arg=-Wno-unknown-warning-option", source],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            stamp.touch()
            os.utime(stamp, (begun, begun))
            return 0, "", time.time() - begun
        errors = "" if "error:" in done.stdout else done.stderr
        return 1, done.stdout + errors, time.time() - begun

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(run, sources))
    for _, output, _ in results:
        print(output, end="")
    failed = sum(code for code, _, _ in results)
    looked = sum(took is not None for _, _, took in results)
    print(f"clang-tidy: {len(sources)} sources, {looked} looked at, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
