"""One record a second, a hundred times, in both directions; and what becomes of a record that cannot be delivered."""

import datetime
import json
import zoneinfo

from runnel import OK, becomes, eventually, producer

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


def test_heartbeats_are_idempotent(hundred_seconds, broker):
    hundred_seconds.producer.ends(within=ALL_OF_IT)
    batches = broker.batches(hundred_seconds.by_runnel)
    producers = {int.from_bytes(batch[43:51], "big", signed=True) for batch in batches}  # the format of a record batch
    sequences = [int.from_bytes(batch[53:57], "big", signed=True) for batch in batches]
    assert len(producers) == 1 and min(producers) >= 0  # librdkafka takes no acks but all beside that
    assert sequences[0] == 0 and sequences == sorted(set(sequences))


def test_what_is_too_large_for_the_broker_or_for_the_client_is_counted_and_said_once(broker, runnel, name_of_a_topic):
    topic = name_of_a_topic
    broker.create(topic, max_message_bytes=1000)
    large = {"topic": topic, "interval": "50ms", "count": 30, "value": "x" * 2000}
    small = {"topic": topic, "interval": "50ms", "count": 30, "value": "{seq}"}
    one = runnel(
        "one", producer(**large, name="refused"), producer(**large, name="kept-back", **{"kafka.message.max.bytes": 1000}),
        producer(**small, name="small"))
    assert one.ends() == OK
    for name in ("refused", "kept-back"):
        assert len(one.about("warning", f"producer {name}:")) == 1
        assert one.about("warning", f"producer {name}: records not delivered: 1 (", "too large")
        assert one.about(f"producer {name}: ended; records: 30, delivered: 0, failed: 30")
    assert broker.values(topic) == [str(number) for number in range(30)]
