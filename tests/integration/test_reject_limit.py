"""A producer that sends what cannot be used stops the line in the end, and nothing is lost by it."""

import json
import os
from pathlib import Path

import pytest

from agents.errors import ExitCode
from devkit.broker import RealKafka
from streams.tables import app_id
from streams.topics import Catalogue
from streams.wire.partition import partition_of
from tests.support.topics import each, make_topics, producer, read_topic, settled
from tests.support.worker import Worker, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]

PARTITIONS = 2
RUN = 100


def garbage(number: int) -> bytes:
    """No two alike, and no UTF-8: what is set aside must be exactly what came."""
    return b"\xff{ garbage " + b"%d" % number * (number % 5)


def visit(number: int) -> bytes:
    event = {"v": 1, "id": f"v-{number}", "source": "shop", "type": "web.visited", "customer_id": "c-1"}
    return json.dumps(event | {"occurred_at": "2026-11-21T09:30:00.000Z", "surface": "web"}).encode()


def send(bootstrap: str, topics: Catalogue, values: list[bytes]) -> None:
    sender = producer(bootstrap)
    for value in values:
        sender.produce(topics.name("events.web"), value, b"c-1", partition_of(b"c-1", PARTITIONS))
    assert sender.flush(30) == 0


def test_a_hundred_bad_records_in_a_row_stop_the_worker_and_a_restart_goes_on_behind_them(
    kafka: RealKafka, tmp_path: Path
) -> None:
    topics = make_topics(kafka, f"limit{os.getpid()}", PARTITIONS)
    bad = [garbage(number) for number in range(RUN)]
    worker = Worker(kafka.bootstrap, topics.prefix, PARTITIONS, tmp_path, "agents.worker")
    all_committed = settled(kafka.bootstrap, topics, app_id(topics.prefix))
    try:
        worker.start().wait_ready()
        send(kafka.bootstrap, topics, [visit(0), *bad[:-1], visit(1)])
        wait_until(all_committed, "one too few in a row is borne")
        assert worker.running
        send(kafka.bootstrap, topics, bad)
        assert worker.wait_end() == ExitCode.DATA_LOSS
        web = topics.name("events.web")
        where = f"{web} {partition_of(b'c-1', PARTITIONS)}: {RUN} records in a row could not be used"
        assert where in worker.said
        assert "goes on behind them" in worker.said
        assert all_committed(), "the cut was committed before the end"
        rejects = list(each(read_topic(kafka.bootstrap, topics.rejects.name, PARTITIONS)))
        assert [record.value for record in rejects] == [*bad[:-1], *bad], "byte for byte, each once"
        assert {record.key for record in rejects} == {b"c-1"}
        worker.start().wait_ready()
        send(kafka.bootstrap, topics, [visit(2)])
        wait_until(all_committed, "the worker goes on behind them")
        (counted,) = [
            (entry["accepted"], entry["rejected"])
            for part in worker.partitions()
            for entry in part["inputs"]
            if entry["topic"] == web and entry["position"]
        ]
        assert counted == (3, len(rejects)), "the accounts are the partition's, over all its workers"
        assert worker.stop() == 0
    finally:
        worker.close()
    assert len(list(each(read_topic(kafka.bootstrap, topics.rejects.name, PARTITIONS)))) == len(rejects)
