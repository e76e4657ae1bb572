"""What a person does to the state directory, to the files and to the group while Runnel is away: what the log then says,
and what the file holds. docs/exactly-once.md has the same as a table.

An unclean end leaves records 3, 4 and 5 in the file, which nobody has committed; after a clean end they are committed."""

import shutil

import pytest
from kafka.structs import OffsetAndMetadata, TopicPartition
from runnel import LOCKED, OK, consumer, eventually, file

CLAIMED = "speaks of this file too"
INHERITED = "of which this new ledger knows nothing"
OLDER = "the ledger is older than what was committed"
SHORTER = "is missing, or shorter than the"
CHANGED = "somebody has moved or changed it; going on at its end"
WITHOUT_POSITION = "the group has no position any more"
MADE_AGAIN = "somebody has removed it; it is written anew"
SENTENCES = [CLAIMED, INHERITED, OLDER, SHORTER, CHANGED, WITHOUT_POSITION, MADE_AGAIN]

PATH = "HERE/out/{topic}-{partition}.jsonl"
SPELLED = pytest.mark.parametrize("path", [
    "out/{topic}-{partition}.jsonl", "HERE//out/../out/{topic}-{partition}.jsonl", "HERE/link/{topic}-{partition}.jsonl"])
END = pytest.mark.parametrize("end", ["cleanly", "uncleanly"])


class Archive:
    """One Runnel, one topic with one partition, one file."""

    def __init__(self, broker, runnel, topic, group):
        self.broker, self.topic, self.group, self.made = broker, topic, group, 0
        self.runnel = runnel("one", start=False)
        self.path = self.runnel.directory / f"out/{topic}-0.jsonl"
        self.state = self.runnel.directory / "state"

    # what Runnel does

    def start(self, *, group=None, flow="archive", checkpoint="100ms", path=PATH, **settings):
        self.group = group or self.group
        # A session that is soon over: the next member waits for that of the one that was killed.
        source = consumer(self.topic, self.group, sinks=["files"], name=flow, checkpoint=checkpoint,
                          session_timeout_ms=1500)
        self.runnel.configure(source, file(path), settings=settings)
        self.runnel.start()

    def go_on(self, **options):
        """Starts, has its partition, carries all that is there, and ends cleanly."""
        assigned = len(self.assigned())
        self.start(**options)
        eventually(lambda: len(self.assigned()) > assigned)
        eventually(lambda: self.broker.carried(self.group, self.topic))
        assert self.runnel.stop() == OK

    def be_killed(self, **options):
        """Starts, writes all that is there, commits nothing of it, and is killed."""
        last = self.broker.ends(self.topic)[0] - 1
        self.start(checkpoint="1h", **options)
        eventually(lambda: self.offsets()[-1:] == [last])
        self.runnel.kill()

    def end(self, how, **options):
        self.produce()
        self.go_on(**options)
        self.produce()
        self.go_on(**options) if how == "cleanly" else self.be_killed(**options)

    # what is there

    def produce(self):
        self.broker.produce(self.topic, *(f"record {number}" for number in range(self.made, self.made + 3)))
        self.made += 3

    def assigned(self):
        return self.runnel.about("assigned", self.topic)

    def offsets(self):
        return [record["offset"] for record in self.runnel.written()]

    def bytes_of(self, count):
        """The file's first lines."""
        return b"".join(self.path.read_bytes().splitlines(keepends=True)[:count])

    def said(self):
        """The warnings of this test: those that it knows, each by its constant."""
        return [next((words for words in SENTENCES if words in line), line) for line in self.runnel.warnings()]


@pytest.fixture
def archive(broker, runnel, topic, group):
    return Archive(broker, runnel, topic, group)


def let_go(archive):
    """The group has no members any more."""
    describe = archive.broker.admin.describe_groups
    eventually(lambda: describe([archive.group])[archive.group]["group_state"] == "Empty")


def move(archive, to):
    """Moves the group's position, or (None) deletes the group."""
    admin = archive.broker.admin
    let_go(archive)
    if to is None:
        admin.delete_groups([archive.group])
    else:
        admin.alter_group_offsets(archive.group, {TopicPartition(archive.topic, 0): OffsetAndMetadata(to, "", -1)})


def test_nothing_happened(archive):
    archive.end("uncleanly")
    whole = len(archive.path.read_bytes())
    archive.go_on()
    assert archive.offsets() == [0, 1, 2, 3, 4, 5] and archive.said() == []
    assert archive.runnel.about(f"cut from {whole} to {len(archive.bytes_of(3))} bytes")


# the flow, the group, the cluster

def test_a_flow_that_ended_cleanly_may_be_renamed(archive):
    archive.end("cleanly")
    archive.produce()
    archive.go_on(flow="store")
    archive.produce()
    archive.go_on()
    assert archive.offsets() == list(range(12))
    assert archive.said() == [INHERITED]


def test_a_flow_that_was_killed_takes_its_ledger_along_when_it_is_renamed(archive):
    archive.end("uncleanly")
    archive.start(flow="store")
    eventually(lambda: CLAIMED in archive.said())
    assert archive.offsets() == [0, 1, 2, 3, 4, 5], "the file is as it was"
    archive.runnel.kill()
    old, new = sorted(archive.state.glob("*.ledger"))
    assert old.name.startswith("archive-") and new.name.startswith("store-")
    assert all(str(path) in archive.runnel.about(CLAIMED)[0] for path in (archive.path, old, new))
    old.rename(new)
    archive.go_on(flow="store")
    assert archive.offsets() == [0, 1, 2, 3, 4, 5]


@SPELLED
def test_a_file_is_the_same_however_its_path_is_spelled(archive, path):
    (archive.runnel.directory / "link").symlink_to("out")
    archive.end("uncleanly")
    archive.start(flow="store", path=path)
    eventually(lambda: CLAIMED in archive.said())
    archive.runnel.kill()
    archive.go_on(path=path)
    archive.produce()
    archive.be_killed()
    archive.go_on(path=path)
    assert archive.offsets() == list(range(9))
    assert archive.said() == [CLAIMED]


def test_a_flow_that_was_killed_and_renamed_loses_nothing_when_it_is_named_back(archive):
    archive.end("uncleanly")
    archive.start(flow="store")
    eventually(lambda: CLAIMED in archive.said())
    archive.runnel.kill()
    archive.produce()
    archive.go_on()
    assert archive.offsets() == list(range(9))


def test_another_group_writes_no_file_that_a_killed_one_has_to_cut(archive):
    archive.end("uncleanly")
    first = archive.group
    archive.start(group=f"{first}-other")
    eventually(lambda: CLAIMED in archive.said())
    archive.runnel.kill()
    archive.go_on(group=first)
    assert archive.offsets() == [0, 1, 2, 3, 4, 5], "the first group has what is its"
    archive.go_on(group=f"{first}-other")
    assert archive.offsets() == [0, 1, 2, 3, 4, 5] * 2, "another group reads all, and the file takes it"


def test_another_cluster_is_another_story_though_its_topic_has_the_same_name(archive, fragile):
    archive.end("cleanly")
    first = archive.broker
    archive.broker, archive.made = fragile, 0
    archive.runnel.broker_address = fragile.address
    fragile.create(archive.topic)
    archive.end("uncleanly")
    archive.broker = first
    archive.runnel.broker_address = first.address
    archive.produce()
    archive.start()
    eventually(lambda: CLAIMED in archive.said())
    assert archive.offsets() == [0, 1, 2, 3, 4, 5] * 2
    archive.runnel.kill()
    archive.broker = fragile
    archive.runnel.broker_address = fragile.address
    archive.go_on()
    assert archive.offsets() == [0, 1, 2, 3, 4, 5] * 2


# the state directory

def test_a_state_directory_that_cannot_be_made_holds_its_flow_until_it_can(archive):
    archive.state.write_text("a file")
    archive.produce()
    archive.start()
    eventually(lambda: archive.runnel.about(f"{archive.state}: Not a directory; move away the file"))
    assert not archive.path.exists()
    archive.state.unlink()
    eventually(lambda: archive.broker.carried(archive.group, archive.topic))
    assert archive.runnel.stop() == OK
    assert archive.offsets() == [0, 1, 2]


def test_of_two_processes_with_one_state_directory_the_second_ends_and_names_the_first(archive, runnel):
    archive.start()
    eventually(archive.assigned)
    other = consumer(archive.topic, archive.group, sinks=["files"])
    two = runnel("two", other, file(), settings={"state_dir": str(archive.state)})
    assert two.ends() == LOCKED
    assert two.about(f"process {archive.runnel.pid} (runneld) has this ledger already")
    assert archive.runnel.stop() == OK


@END
def test_without_its_state_directory_the_file_is_kept_and_may_hold_records_twice(archive, end):
    archive.end(end)
    shutil.rmtree(archive.state)
    archive.produce()
    archive.go_on()
    again = [] if end == "cleanly" else [3, 4, 5]
    assert archive.offsets() == [0, 1, 2, 3, 4, 5, *again, 6, 7, 8]
    assert archive.said() == [INHERITED]


def test_an_old_copy_of_the_state_directory_cuts_nothing(archive):
    archive.produce()
    archive.be_killed()
    shutil.copytree(archive.state, archive.state.with_name("copy"))
    archive.go_on()
    archive.produce()
    archive.be_killed()
    shutil.rmtree(archive.state)
    archive.state.with_name("copy").rename(archive.state)
    archive.go_on()
    assert archive.offsets() == [0, 1, 2, 3, 4, 5, 3, 4, 5]
    assert archive.said() == [OLDER]


def test_a_state_directory_may_be_moved(archive):
    archive.end("uncleanly")
    copy = archive.state.with_name("copy")
    archive.state.rename(copy)
    archive.go_on(state_dir=str(copy))
    assert archive.offsets() == [0, 1, 2, 3, 4, 5] and archive.said() == []


def test_of_two_copies_of_a_state_directory_the_one_that_was_not_used_cuts_nothing(archive):
    archive.end("uncleanly")
    copy = archive.state.with_name("copy")
    shutil.copytree(archive.state, copy)
    archive.go_on(state_dir=str(copy))
    archive.produce()
    archive.go_on(state_dir=str(copy))
    archive.go_on()
    assert archive.offsets() == list(range(9))
    assert archive.said() == [OLDER]


def test_a_state_directory_that_is_removed_amid_a_run_is_made_again(archive):
    archive.produce()
    archive.start()
    eventually(lambda: archive.broker.carried(archive.group, archive.topic))
    shutil.rmtree(archive.state)
    archive.produce()
    eventually(lambda: archive.broker.carried(archive.group, archive.topic))
    archive.runnel.kill()
    assert archive.said() == [MADE_AGAIN]
    archive.produce()
    archive.go_on()
    assert archive.offsets() == list(range(9))


# the file

@END
def test_a_file_that_was_removed_begins_anew(archive, end):
    archive.end(end)
    archive.path.unlink()
    archive.produce()
    archive.go_on()
    assert archive.offsets() == ([6, 7, 8] if end == "cleanly" else [3, 4, 5, 6, 7, 8])
    assert archive.said() == ([] if end == "cleanly" else [SHORTER, CHANGED])


@END
def test_a_file_that_was_moved_and_made_anew_is_gone_on_with(archive, end):
    archive.end(end)
    archive.path.rename(archive.path.with_suffix(".1"))
    archive.path.touch()
    archive.produce()
    archive.go_on()
    assert archive.offsets() == ([6, 7, 8] if end == "cleanly" else [3, 4, 5, 6, 7, 8])
    assert archive.said() == ([] if end == "cleanly" else [SHORTER, CHANGED])


@END
def test_a_file_that_was_truncated_gets_no_hole(archive, end):
    archive.end(end)
    archive.path.write_bytes(archive.bytes_of(1))
    archive.produce()
    archive.go_on()
    assert archive.offsets() == ([0, 6, 7, 8] if end == "cleanly" else [0, 3, 4, 5, 6, 7, 8])
    assert archive.said() == ([] if end == "cleanly" else [SHORTER, CHANGED])
    assert b"\0" not in archive.path.read_bytes()


@END
def test_what_somebody_appended_stands_after_a_clean_end_and_is_cut_after_an_unclean_one(archive, end):
    archive.end(end)
    with archive.path.open("ab") as file:
        file.write(b'{"offset":"a note"}\n')
    archive.produce()
    archive.go_on()
    assert archive.offsets() == [0, 1, 2, 3, 4, 5, *(["a note"] if end == "cleanly" else []), 6, 7, 8]
    assert archive.said() == []


def test_a_file_that_changes_amid_a_run_is_gone_on_with_at_its_end(archive):
    archive.produce()
    archive.start()
    eventually(lambda: archive.broker.carried(archive.group, archive.topic))
    archive.path.write_bytes(archive.bytes_of(1))
    archive.produce()
    eventually(lambda: archive.broker.carried(archive.group, archive.topic))
    assert archive.runnel.stop() == OK
    assert archive.offsets() == [0, 3, 4, 5] and archive.said() == [CHANGED]


# the group's position

@END
def test_a_position_that_was_moved_is_followed(archive, end):
    archive.end(end)
    move(archive, to=1)
    archive.go_on()
    assert archive.offsets() == ([0, 1, 2, 3, 4, 5] if end == "cleanly" else [0, 1, 2]) + [1, 2, 3, 4, 5]
    assert archive.said() == []


@END
def test_without_a_position_it_goes_on_where_the_ledger_is(archive, end):
    archive.end(end)
    move(archive, to=None)
    archive.produce()
    archive.go_on()
    assert archive.offsets() == list(range(9))
    assert archive.said() == [WITHOUT_POSITION]


def test_without_a_position_and_without_its_ledger_a_group_is_new(archive):
    archive.end("cleanly")
    move(archive, to=None)
    shutil.rmtree(archive.state)
    archive.go_on()
    assert archive.offsets() == [0, 1, 2, 3, 4, 5] * 2 and archive.said() == []


def make_topic_anew(archive):
    let_go(archive)
    archive.broker.delete(archive.topic)
    eventually(lambda: archive.topic not in archive.broker.admin.list_topics())
    archive.broker.create(archive.topic)


@pytest.mark.parametrize("reset, then", [(False, [6, 7, 8]), (True, range(9))])
def test_a_topic_that_was_made_anew_is_read_from_where_the_ledger_is_unless_its_position_is_set(archive, reset, then):
    archive.end("cleanly")
    make_topic_anew(archive)
    for _ in range(3):
        archive.produce()
    if reset:
        move(archive, to=0)
    archive.go_on()
    assert archive.offsets() == [0, 1, 2, 3, 4, 5, *then]
    assert archive.said() == ([] if reset else [WITHOUT_POSITION])


def test_a_topic_that_was_made_anew_and_is_shorter_than_the_ledger_is_read_as_a_new_one(archive):
    archive.end("cleanly")
    make_topic_anew(archive)
    archive.produce()
    archive.go_on()
    assert archive.offsets() == [0, 1, 2, 3, 4, 5, 0, 1, 2]
    assert WITHOUT_POSITION in archive.said()
