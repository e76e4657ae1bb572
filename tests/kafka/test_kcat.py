"""Format pattern, and every pair of docs/kcat.md: byte for byte what kcat prints."""

import re
import signal
import subprocess
from pathlib import Path

import pytest
from runnel import BAD_CONFIGURATION, OK, RUNNELD, becomes, consumer, eventually, stdout

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/kcat.md").read_text()
EVERY_BYTE = bytes(range(256))
BINARY = bytes(range(1, 256))  # kcat cuts a header's value at a zero byte

PATTERNS = [
    r"%t [%p] at offset %o: key %k: %s\n",
    r"%T\t%K\t%S\t%h\r\n",
    r"%R%s",
    r"%s",
    r"100%% of %%s: %s\x7c%k\x1b[m\\\"\'\10\012\0x41\x041\x0aDoor\%s",
    "%k\n%h\n",
    r"no token\n",
]


def fill(broker, topic):
    broker.produce(topic, "a value", key=b"a key", headers=[("h", b"first"), ("h", b"second"), ("empty", b"")])
    broker.produce(topic, "without a key", "", "two\nlines\ttab\x1b[2J é 漢")
    broker.produce(topic, None, "", "value", key=b"")
    broker.kcat("-P", "-Z", "-K", ":", "-t", topic, input=b":\n")  # neither key nor value
    broker.produce(topic, EVERY_BYTE, key=EVERY_BYTE, headers=[("é", BINARY), ("", b"no name"), ("a,b=c", b",=")])
    broker.kcat("-P", "-t", topic, "-H", "nothing", input=b"a header without a value\n")
    broker.produce(topic, "x" * 70_000)


def pattern(text):
    made = stdout("pattern")
    made["sink.console"]["pattern"] = text
    return made


@pytest.mark.parametrize("text", PATTERNS, ids=range(len(PATTERNS)))
def test_a_pattern_gives_what_kcat_gives(broker, runnel, topic, group, text):
    fill(broker, topic)
    expected = broker.kcat("-C", "-q", "-e", "-o", "beginning", "-t", topic, "-f", text)
    one = runnel("one", consumer(topic, group), pattern(text))
    eventually(lambda: broker.carried(group, topic))
    assert one.out == expected
    assert one.stop() == OK


def test_a_header_s_zero_byte_which_kcat_cuts_at_is_written(broker, runnel, topic, group):
    broker.produce(topic, "v", headers=[("h", EVERY_BYTE)])
    one = runnel("one", consumer(topic, group), pattern(r"%h|\x00\xff"))
    becomes(b"h=" + EVERY_BYTE + b"|\x00\xff", lambda: one.out)


def test_an_unknown_token_is_named_with_its_place_and_what_there_is(runnel, topic, group):
    one = runnel("one", consumer(topic, group), pattern("%s %z"), start=False)
    code, _, err = one.run("--check")
    assert code == BAD_CONFIGURATION
    assert "runneld.toml:" in err and "sink.console.pattern" in err
    assert "there is no token %z; there are %s value, " in err


# docs/kcat.md

def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S)


PAIRS = [block.splitlines() for block in blocks("sh")]


def test_the_page_has_pairs():
    assert len(PAIRS) >= 8
    for kcat, runneld in PAIRS:
        assert kcat.startswith("kcat ") and runneld.startswith("runneld ")


def test_the_pairs_of_the_readme_are_the_page_s():
    lines = (ROOT / "README.md").read_text().splitlines()
    shown = [lines[i:i + 2] for i, line in enumerate(lines) if line.startswith("kcat ")]
    assert shown and all(pair in PAIRS for pair in shown)


class Line:
    """One line of the page in a shell and a folder of its own, with the broker and a group of its own."""

    def __init__(self, line, broker, group, directory):
        directory.mkdir()
        (configuration,) = blocks("toml")
        self.files = directory / "payments.log", directory / "stdout"
        (directory / "lines.toml").write_text(self.here(configuration, broker, group))
        (directory / "runneld").symlink_to(RUNNELD.absolute())
        command = self.here(line, broker, group).replace("runneld", "./runneld", 1)
        with open(directory / "stdout", "wb") as out, open(directory / "stderr", "wb") as err:
            self.process = subprocess.Popen(
                ["bash", "-c", "exec " + command], cwd=directory, stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    @staticmethod
    def here(text, broker, group):
        return text.replace("localhost:9092", broker.address).replace("readers", group)

    def out(self):
        return b"".join(each.read_bytes() for each in self.files if each.exists())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=20)
        finally:
            self.process.kill()


@pytest.fixture(scope="module")
def by_kcat(broker, tmp_path_factory):
    """What each kcat line of the page prints. All at once, for kcat commits every five seconds."""
    broker.create("payments")
    fill(broker, "payments")
    groups = [f"readers-by-kcat-{number}" for number in range(len(PAIRS))]
    directory = tmp_path_factory.mktemp("kcat")
    lines = [Line(kcat, broker, group, directory / group) for (kcat, _), group in zip(PAIRS, groups, strict=True)]
    try:
        eventually(lambda: all(broker.carried(group, "payments") for group in groups))
    finally:
        assert {line.stop() for line in lines} == {OK}
    return [line.out() for line in lines]


@pytest.mark.parametrize("number", range(len(PAIRS)))
def test_each_pair_prints_the_same(broker, by_kcat, group, tmp_path, number):
    _, runneld = PAIRS[number]
    line = Line(runneld, broker, group, tmp_path / "runneld")
    try:
        eventually(lambda: broker.carried(group, "payments"))
    finally:
        assert line.stop() == OK
    assert by_kcat[number].count(b"70000" if "%S" in runneld else b"x" * 70_000) == 1  # the last record is in it
    assert line.out() == by_kcat[number]
