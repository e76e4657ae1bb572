"""One record a second, a hundred times, in both directions."""

import datetime
import json
import zoneinfo

from runnel import OK, becomes, eventually

ALL_OF_IT = 140  # seconds from the first record to the last, with some to spare


def test_a_producer_ends_by_itself_when_its_count_is_spent(hundred_seconds):
    assert hundred_seconds.producer.ends(within=ALL_OF_IT) == OK


def test_kafka_python_reads_the_hundred_records_of_runnel_in_their_order(hundred_seconds, broker):
    hundred_seconds.producer.ends(within=ALL_OF_IT)
    records = [json.loads(record.value) for record in broker.read(hundred_seconds.by_runnel)]
    assert [record["num"] for record in records] == list(range(100))
    assert all(list(record) == ["num", "ts"] for record in records)


def test_kcat_reads_the_same_bytes(hundred_seconds, broker):
    hundred_seconds.producer.ends(within=ALL_OF_IT)
    by_kcat = broker.kcat("-C", "-q", "-e", "-o", "beginning", "-t", hundred_seconds.by_runnel)
    assert by_kcat.decode().splitlines() == broker.values(hundred_seconds.by_runnel)
    assert by_kcat.startswith(b'{"num": 0, "ts": "')


def test_each_record_bears_the_second_of_its_tick_in_local_time(hundred_seconds, broker):
    hundred_seconds.producer.ends(within=ALL_OF_IT)
    records = broker.read(hundred_seconds.by_runnel)
    nepal = zoneinfo.ZoneInfo("Asia/Kathmandu")  # what the producer's TZ says
    said = [datetime.datetime.strptime(json.loads(record.value)["ts"], "%Y-%m-%d %H:%M:%S") for record in records]
    assert said == [said[0] + datetime.timedelta(seconds=second) for second in range(100)]
    for record, second in zip(records, said, strict=True):
        late = record.timestamp / 1000 - second.replace(tzinfo=nepal).timestamp()
        assert -0.01 <= late < 1.5


def test_the_ticks_do_not_drift(hundred_seconds, broker):
    hundred_seconds.producer.ends(within=ALL_OF_IT)
    times = [record.timestamp for record in broker.read(hundred_seconds.by_runnel)]
    off = [time - times[0] - 1000 * number for number, time in enumerate(times)]
    assert max(map(abs, off)) < 500  # on a busy machine; the bench measures how exact it is on a quiet one


def test_runnel_prints_what_runnel_produced(hundred_seconds, broker):
    hundred_seconds.producer.ends(within=ALL_OF_IT)
    becomes(broker.values(hundred_seconds.by_runnel), hundred_seconds.printer_of_runnel.lines)
    assert hundred_seconds.printer_of_runnel.alive()


def test_runnel_prints_the_hundred_records_of_kafka_python(hundred_seconds, broker):
    eventually(hundred_seconds.python.done, within=ALL_OF_IT)
    becomes(broker.values(hundred_seconds.by_python), hundred_seconds.printer_of_python.lines)
    printed = [json.loads(line)["num"] for line in hundred_seconds.printer_of_python.lines()]
    assert printed == list(range(100))
    assert hundred_seconds.printer_of_python.stop() == OK
