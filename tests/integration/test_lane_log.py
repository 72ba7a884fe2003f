"""What others did to the log: a zombie's writes are mended, and what would lose data is refused."""

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from agents.lane.fence import tombstone_headers
from streams.wire import row
from tests.support.lane_bench import PARTITIONS, STATIC, Bench
from tests.support.topics import customer, ends, producer, read_topic
from tests.support.worker import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_zombies_rows_in_the_changelog_are_written_again(bench: Bench) -> None:
    worker = bench.worker(STATIC).wait_ready()
    load = bench.load()
    load.burst(400)
    load.flush()
    bench.wait_settled()
    assert worker.stop() == 0
    old = dict(bench.judge().epochs)
    worker.start().wait_ready()
    zombie = producer(bench.bootstrap)
    for number in range(8):
        key, p = customer(number, PARTITIONS)
        value = row.pack(old[p], 1, 1, 0, b"an old story", [])
        zombie.produce(bench.topics.changelog.name, value, key, p)
        gone = customer(number + 8, PARTITIONS)[0]
        zombie.produce(bench.topics.changelog.name, None, gone, p, headers=tombstone_headers(old[p]))
    assert zombie.flush(30) == 0
    for quiet in range(2):  # so that every partition is written to
        load.burst(400, quiet)
    load.flush()
    bench.wait_settled()
    wait_until(lambda: worker.output().count("changelog gap") >= PARTITIONS, "the gaps are noticed")
    assert worker.stop() == 0
    verdict = bench.judge()
    verdict.require_equal()
    assert verdict.stale_rows == 16


def test_a_marker_of_a_newer_owner_in_the_changelog_ends_the_worker(bench: Bench) -> None:
    worker = bench.worker(STATIC).wait_ready()
    other = producer(bench.bootstrap)
    other.produce(bench.topics.changelog.name, b"somebody", row.MARKER, 0)
    assert other.flush(30) == 0
    load = bench.load()
    load.burst(100)
    load.flush()
    assert worker.wait_end() == 70
    assert "the marker of a newer owner" in worker.output()
    sent = read_topic(bench.bootstrap, bench.topics.commands["email"].name, PARTITIONS)
    assert not sent[0], "it ended before it sent anything"


def test_an_input_that_lost_unread_records_is_refused(bench: Bench) -> None:
    worker = bench.worker(STATIC).wait_ready()
    load = bench.load()
    load.burst(300)
    load.flush()
    bench.wait_settled()
    assert worker.stop() == 0
    load.burst(300)
    load.flush()
    app = bench.topics.inputs[0].name
    admin = AdminClient({"bootstrap.servers": bench.bootstrap, "log_level": 0})
    trimmed = [TopicPartition(app, p, end) for p, end in ends(bench.bootstrap, app, PARTITIONS).items()]
    for answer in admin.delete_records(trimmed).values():
        answer.result()
    worker.start()
    assert worker.wait_end() == 71
    assert app in worker.output()


def test_a_missing_topic_is_refused_before_the_group_is_joined(bench: Bench) -> None:
    admin = AdminClient({"bootstrap.servers": bench.bootstrap, "log_level": 0})
    gone = bench.topics.inputs[3].name
    admin.delete_topics([gone])[gone].result()
    worker = bench.worker(STATIC)
    assert worker.wait_end() == 64
    assert gone in worker.output()


def test_a_changelog_record_of_an_unknown_form_is_refused(bench: Bench) -> None:
    writer = producer(bench.bootstrap)
    writer.produce(bench.topics.changelog.name, b"\xff what is this", b"k1", 1)
    assert writer.flush(30) == 0
    worker = bench.worker(STATIC)
    assert worker.wait_end() == 71
    assert "this version cannot read" in worker.output()
