"""The faulty disk of these tests fails as it says, without Runnel."""

import errno
import subprocess
import sys

import pytest
from faulty_disk import FaultyDisk

APPEND = "os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)"


@pytest.fixture
def disk(tmp_path):
    (tmp_path / "data").mkdir()
    return FaultyDisk(tmp_path / "disk", tmp_path / "data")


@pytest.fixture
def does(disk, tmp_path):
    """Runs lines of Python on data/file, with a failing disk: what they print, a word each."""
    def does(*lines):
        fail = f"fail = lambda words: open({str(disk.control)!r}, 'w').write(words)"
        attempt = "def attempt(call, *arguments):\n try: print(call(*arguments))\n except OSError as error: print(error.errno)"
        text = "\n".join(["import os", f"path = {str(tmp_path / 'data/file')!r}", fail, attempt, f"fd = {APPEND}", *lines])
        done = subprocess.run(
            [sys.executable, "-c", text], env=disk.environment, check=True, stdout=subprocess.PIPE, timeout=20)
        return done.stdout.decode().split()

    return does


@pytest.fixture
def bytes_there(tmp_path):
    return lambda: (tmp_path / "data/file").read_bytes()


def test_nothing_fails_until_it_is_told_to(does, disk, bytes_there):
    assert does("attempt(os.write, fd, b'abc')", "attempt(os.fdatasync, fd)") == ["3", "None"]
    assert bytes_there() == b"abc" and disk.failures() == []


@pytest.mark.parametrize("call", ["os.write(fd, b'x')", "os.writev(fd, [b'x', b'y'])", "os.pwrite(fd, b'x', 0)"])
def test_a_write_that_fails_writes_nothing(does, disk, bytes_there, tmp_path, call):
    name, arguments = call[:-1].split("(", 1)
    assert does("os.write(fd, b'abc')", "fail('write')", f"attempt({name}, {arguments})") == ["5"]
    assert bytes_there() == b"abc"
    assert disk.failures() == [("write", str(tmp_path / "data/file"))]


def test_a_quota_that_is_used_up_is_told_as_such(does, bytes_there):
    assert does("fail('quota')", "attempt(os.write, fd, b'abc')") == [str(errno.EDQUOT)] and bytes_there() == b""


def test_a_torn_write_takes_half_and_fails_then(does, bytes_there):
    words = does("fail('torn')", "attempt(os.writev, fd, [b'ab', b'cdef'])", "attempt(os.write, fd, b'def')",
                 "fail('')", "attempt(os.write, fd, b'def')")
    assert words == ["3", "5", "3"] and bytes_there() == b"abcdef"


@pytest.mark.parametrize("how, left", [("keep", b"firstthen"), ("zero", b"first\0\0\0\0"), ("cut", b"first")])
@pytest.mark.parametrize("call", ["fdatasync", "fsync"])
def test_a_failed_sync_is_reported_once_and_loses_what_came_since_the_last(does, disk, bytes_there, how, left, call):
    words = does("os.write(fd, b'first')", "os.fsync(fd)", "os.write(fd, b'then')", f"fail('sync-{how}')",
                 f"attempt(os.{call}, fd)", "fail('')", f"attempt(os.{call}, fd)")
    assert words == ["5", "None"] and bytes_there() == left
    assert [kind for kind, _ in disk.failures()] == ["sync"]


def test_what_was_there_at_the_first_write_counts_as_synced(does, bytes_there):
    does("os.write(fd, b'first')")
    assert does("os.write(fd, b'then')", "fail('sync-cut')", "attempt(os.fsync, fd)") == ["5"]
    assert bytes_there() == b"first"


def test_what_was_cut_and_written_again_is_lost_too(does, bytes_there):
    assert does("os.write(fd, b'first')", "os.fsync(fd)", "os.ftruncate(fd, 2)", "os.write(fd, b'then')",
                "fail('sync-cut')", "attempt(os.fsync, fd)") == ["5"]
    assert bytes_there() == b"fi"


def test_other_files_and_directories_do_not_fail(does, disk, tmp_path):
    elsewhere, other = tmp_path / "elsewhere", tmp_path / "data/other"
    assert does("fail('write sync-zero only=/data/file')",
                f"elsewhere = open({str(elsewhere)!r}, 'wb', 0)", f"other = open({str(other)!r}, 'wb', 0)",
                "attempt(elsewhere.write, b'x')", "attempt(other.write, b'x')", "attempt(os.fsync, other)",
                f"attempt(os.fsync, os.open({str(tmp_path / 'data')!r}, os.O_RDONLY))", "attempt(os.write, fd, b'x')",
                ) == ["1", "1", "None", "None", "5"]
    assert len(disk.failures()) == 1
