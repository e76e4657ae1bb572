"""What comes out: byte for byte, into files, pipes and terminals."""

import base64
import json
import os
import signal
import subprocess
import termios

import pytest
from runnel import LOCKED, OK, STOP_NOT_DELIVERED, becomes, consumer, eventually, file, producer, stdout

EVERY_BYTE = bytes(range(256))
NASTY = [
    b"plain",
    b"",
    EVERY_BYTE,
    bytes(range(128)),  # valid UTF-8, with each control character
    b"several\nlines\r\nof text\n",
    'quotes " \\ / and \u2028 \u2029 \x7f \ufeff é 漢 😀'.encode(),
    b"\xed\xa0\x80 a lone surrogate, and an overlong slash \xc0\xaf",
    b"\xf0\x9f\x98",  # cut in the middle of a character
    b'{"base64": "AAAA"}',
    b"null",
    b"x" * (1 << 20),
    os.urandom(1 << 20),
]
HEADERS = [("h", b"first"), ("h", b"second"), ("h", b"first"), ("é", EVERY_BYTE), ("empty", b""), ("", b"no name")]


def bytes_of(field):
    """The bytes that a field of format json stands for."""
    if isinstance(field, dict):
        assert list(field) == ["base64"]
        return base64.b64decode(field["base64"], validate=True)
    return field if field is None else field.encode()


def as_kafka_python_has_it(record):
    return (record.topic, record.partition, record.offset, record.timestamp, record.key, record.headers, record.value)


def as_runnel_has_it(line):
    assert list(line) == ["topic", "partition", "offset", "timestamp", "key", "headers", "value"]
    headers = [(bytes_of(name).decode(), bytes_of(value)) for name, value in line["headers"]]
    return (
        line["topic"], line["partition"], line["offset"], line["timestamp"],
        bytes_of(line["key"]), headers, bytes_of(line["value"]))


# json

def test_json_is_lossless_on_stdout_and_in_a_file(broker, runnel, name_of_a_topic, group):
    topic = name_of_a_topic
    broker.create(topic, partitions=2, max_message_bytes=4 << 20)
    broker.produce(topic, *NASTY, partition=0)
    broker.kcat("-P", "-Z", "-K", ":", "-t", topic, "-p", "0", input=b":\n")  # neither key nor value
    for key in (b"", b"key", EVERY_BYTE):
        broker.produce(topic, *NASTY[:6], None, key=key, headers=HEADERS, partition=1)
    one = runnel("one", consumer(topic, group, sinks=["console", "files"]), stdout("json"), file())
    eventually(lambda: broker.carried(group, topic))
    expected = [as_kafka_python_has_it(record) for record in broker.read(topic)]
    assert (None, [], None) in [record[-3:] for record in expected]
    assert [as_runnel_has_it(line) for line in one.written()] == expected
    printed = sorted(one.printed(), key=lambda record: record["partition"])
    assert [as_runnel_has_it(line) for line in printed] == expected


def test_a_header_without_a_value_stays_null(broker, runnel, topic, group):
    broker.kcat("-P", "-t", topic, "-H", "nothing", "-H", "empty=", input=b"value\n")
    one = runnel("one", consumer(topic, group), stdout("json"))
    eventually(one.printed)
    assert one.printed()[0]["headers"] == [["nothing", None], ["empty", ""]]


def test_a_line_of_json_is_one_line_and_plain_text_stays_readable(broker, runnel, topic, group):
    broker.produce(topic, "two\nlines", "plain é")
    one = runnel("one", consumer(topic, group), stdout("json"))
    becomes(2, lambda: len(one.lines()))
    assert '"value":"plain é"' in one.lines()[1].replace('": ', '":')


# raw

def test_raw_is_the_value_and_a_newline_byte_for_byte(broker, runnel, topic, group):
    broker.produce(topic, EVERY_BYTE, b"", b"two\nlines")
    one = runnel("one", consumer(topic, group, sinks=["console", "files"]), stdout("raw"), file("HERE/out/raw", format="raw"))
    expected = EVERY_BYTE + b"\n" + b"\n" + b"two\nlines\n"
    becomes(expected, lambda: one.out)
    becomes(expected, (one.directory / "out/raw").read_bytes)


def test_lines_from_kcat_come_out_in_a_file(broker, runnel, topic, group):
    lines = "".join(f"line {number}\n" for number in range(1000)).encode()
    broker.kcat("-P", "-t", topic, input=lines)
    one = runnel("one", consumer(topic, group, sinks=["files"]), file("HERE/out/raw", format="raw"))
    eventually((one.directory / "out/raw").exists)
    becomes(lines, (one.directory / "out/raw").read_bytes)


# terminals and pipes

def test_lines_from_kcat_come_out_on_a_terminal(broker, runnel, topic, group, terminal):
    broker.kcat("-P", "-t", topic, input=b"one\ntwo\nthree\n")
    one = runnel("one", consumer(topic, group), stdout("raw"), arguments=["-f"], start=False).start(output=terminal.theirs)
    becomes(["one", "two", "three"], lambda: terminal.text().splitlines())
    broker.kcat("-P", "-t", topic, input="vier é\n".encode())
    becomes(["one", "two", "three", "vier é"], lambda: terminal.text().splitlines())
    assert one.stop() == OK


def test_a_record_cannot_command_a_terminal(broker, runnel, topic, group, terminal):
    broker.produce(topic, "clear \x1b[2J, title \x1b]0;gotcha\x07, C1 \x9b2J", "end")
    runnel("one", consumer(topic, group), stdout("raw"), arguments=["-f"], start=False).start(output=terminal.theirs)
    eventually(lambda: terminal.text().splitlines()[-1:] == ["end"])
    assert not {"\x1b", "\x07", "\x9b"} & set(terminal.text())
    assert "clear " in terminal.text()


def test_a_reader_that_has_enough_ends_it_cleanly(broker, runnel, topic, group, tmp_path):
    broker.produce(topic, *(f"{number} {'x' * 100}" for number in range(20000)))
    one = runnel("one", consumer(topic, group), stdout("raw"), arguments=["-f"], start=False)
    with open(tmp_path / "head", "wb") as out:
        head = subprocess.Popen(["head", "-n", "3"], stdin=subprocess.PIPE, stdout=out)
    one.start(output=head.stdin)
    head.stdin.close()
    assert one.ends() == OK
    assert head.wait(timeout=5) == 0
    assert [line.split()[0] for line in (tmp_path / "head").read_text().splitlines()] == ["0", "1", "2"]


# what a process brings along

def test_the_umask_is_respected_and_the_locale_stays_c(broker, runnel, topic, group):
    broker.produce(topic, "a record")
    sink = file("HERE/out/below/{utc:%A}-{topic}", format="raw")
    one = runnel("one", consumer(topic, group, sinks=["files"]), sink, start=False, environment={"LC_ALL": "C.UTF-8"})
    before = os.umask(0o027)
    try:
        one.start()
    finally:
        os.umask(before)
    written = eventually(lambda: list(one.directory.glob("out/below/*")))[0]
    modes = [each.stat().st_mode & 0o777 for each in (written, written.parent, written.parent.parent)]
    assert modes == [0o640, 0o750, 0o750]
    with open(f"/proc/{one.pid}/maps", encoding="utf-8") as maps:  # setlocale(3) would map the files of C.UTF-8
        assert "/locale/" not in maps.read()


# locks

def test_a_second_process_on_the_same_file_ends_and_names_the_first(broker, runnel, topic, group, tmp_path):
    broker.produce(topic, "a record")
    shared = tmp_path / "shared"
    sink = file(shared, format="raw")
    one = runnel("one", consumer(topic, group, sinks=["files"]), sink)
    eventually(lambda: shared.exists() and shared.read_text() == "a record\n")
    other = runnel("other", consumer(topic, group, sinks=["files"]), file(tmp_path / "other", format="raw"))
    eventually(lambda: len(broker.members(group) or ()) == 2)
    assert other.stop() == OK  # the first one has given its partition up, and has it again
    eventually(lambda: broker.members(group) == {"one": {(topic, 0)}} and "assigned" in one.about("flow")[-1])
    two = runnel("two", consumer(topic, group + "-2", sinks=["files"]), sink)
    assert two.ends() == LOCKED
    assert str(one.pid) in two.err and str(shared) in two.err
    broker.produce(topic, "another")
    becomes("a record\nanother\n", shared.read_text)


# whoever stands still

def test_a_stopped_terminal_holds_up_neither_a_tick_nor_the_stop(broker, runnel, topic, group, terminal):
    ticks = topic + "-ticks"
    broker.create(ticks)
    one = runnel(
        "one", consumer(topic, group), producer(ticks, interval="100ms", value="{seq}"), stdout("raw"),
        settings={"drain": "2s"}, arguments=["-f"], start=False)
    one.start(output=terminal.theirs, errors=terminal.theirs)
    broker.produce(topic, "seen")
    eventually(lambda: "seen" in terminal.text())
    termios.tcflow(terminal.theirs, termios.TCOOFF)
    broker.produce(topic, *["not seen"] * 1000)
    one.process.send_signal(signal.SIGHUP)  # it says something to that
    begun = len(broker.values(ticks))
    eventually(lambda: len(broker.values(ticks)) > begun + 20)
    made = broker.values(ticks)
    assert made == [str(number) for number in range(len(made))]
    one.signal(signal.SIGTERM)
    assert one.ends(within=5) == STOP_NOT_DELIVERED
