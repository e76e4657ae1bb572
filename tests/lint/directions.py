#!/usr/bin/env python3
"""Keeps each system library in its place.

Between the folders of lib/ the directions are kept by the build: a target sees only the include roots of what it
links. What lies in the system's include folder can be included from anywhere, so it is kept here.

    directions.py FILE...      paths from the root of the repository; says each breach, exits with 1 if there is one
    directions.py --self-test
"""

import re
import sys

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)

# (what is included, the folders that may, why there)
PLACES = [
    (r"librdkafka/|rdkafka", ("lib/kafka/", "tests/bench/"), "the only code that knows librdkafka"),
    (r"spdlog/", ("lib/telemetry/",), "logging goes through telemetry"),
    (r"toml\+\+/|toml\.hpp", ("lib/config/",), "a configuration is plain structs once it is loaded"),
    (r"boost/program_options", ("daemon/",), "only the daemon reads a command line"),
    (r"boost/json", ("lib/format/", "tests/"), "the one place that writes JSON"),
    (r"systemd/", ("daemon/",), "only the daemon is a service"),
    (r"boost/asio", ("lib/async/", "lib/flow/", "lib/kafka/", "lib/sinks/", "daemon/", "tests/"), "the rest knows no loop"),
    (r"gtest/|gmock/", ("tests/",), "tests stay in their place"),
]

# Plain rules: the standard library, and themselves.
STD_ONLY = {"lib/delivery/": "runnel/delivery/"}

# But for what the standard library lacks, and what is as plain: a function of bytes.
AS_PLAIN = {"lib/delivery/ledger_file.cpp": "boost/crc.hpp"}


def check(name, source):
    found = []
    for match in INCLUDE.finditer(source):
        line = source.count("\n", 0, match.start()) + 1
        quote, header = match.groups()
        for what, folders, why in PLACES:
            if re.match(what, header) and not name.startswith(folders):
                found.append(f"{name}:{line}: <{header}> belongs in {' and '.join(folders)} alone: {why}")
        for folder, own in STD_ONLY.items():
            if header == AS_PLAIN.get(name):
                continue
            if name.startswith(folder) and not (quote == '"' and header.endswith(".hpp") and "/" not in header) and not header.startswith(own) and not re.fullmatch(r"[a-z_0-9]+", header):
                found.append(f"{name}:{line}: <{header}> in {folder}, which includes the standard library and <{own}...> alone")
    return found


def self_test():
    wrong = [
        ("lib/flow/flow.cpp", "#include <librdkafka/rdkafka.h>\n"),
        ("daemon/main.cpp", "#  include <spdlog/spdlog.h>"),
        ("lib/sinks/file.cpp", "#include <toml++/toml.h>"),
        ("lib/config/load.cpp", "#include <boost/program_options.hpp>"),
        ("lib/kafka/consumer.cpp", "#include <boost/json/value.hpp>"),
        ("lib/telemetry/log.cpp", "#include <systemd/sd-daemon.h>"),
        ("lib/delivery/include/runnel/delivery/batch.hpp", "#include <vector>\n#include <unistd.h>\n"),
        ("lib/delivery/ledger.cpp", "#include <runnel/flow/flow.hpp>"),
        ("lib/delivery/ledger.cpp", '#include "unistd.h"'),
        ("lib/delivery/ledger.cpp", "#include <boost/crc.hpp>"),
        ("lib/disk/disk.cpp", "#include <boost/asio/io_context.hpp>"),
        ("lib/flow/flow.cpp", '#include "gtest/gtest.h"'),
    ]
    right = [
        ("lib/kafka/consumer.cpp", "#include <librdkafka/rdkafka.h>"),
        ("lib/kafka/include/runnel/kafka/handle.hpp", "#include <librdkafka/rdkafka.h>"),
        ("tests/bench/limit.cpp", "#include <librdkafka/rdkafka.h>"),
        ("lib/flow/flow.cpp", "#include <runnel/kafka/rdkafka.hpp>  // the build refuses this one"),
        ("lib/format/json.cpp", "#include <boost/json.hpp>"),
        ("tests/unit/format/json_test.cpp", "#include <boost/json.hpp>"),
        ("lib/delivery/ledger.cpp", "#include <runnel/delivery/ledger.hpp>\n#include <string_view>\n#include <cstdint>"),
        ("lib/delivery/ledger_file.cpp", "#include <boost/crc.hpp>"),
        ("daemon/notify.cpp", "#include <systemd/sd-daemon.h>\n// #include <spdlog/spdlog.h>"),
    ]
    failed = 0
    for cases, wanted in ((wrong, 1), (right, 0)):
        for name, source in cases:
            found = check(name, source)
            if len(found) != wanted:
                failed += 1
                print(f"self-test: {name}: {source!r}: wanted {wanted}, found {found}")
    print(f"directions: self-test of {len(wrong)} wrong and {len(right)} right includes: {failed} failed")
    return failed


def main(arguments):
    if arguments == ["--self-test"]:
        return 1 if self_test() else 0
    if not arguments or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    found = []
    for name in arguments:
        with open(name, encoding="utf-8") as file:
            found += check(name.removeprefix("./"), file.read())
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
