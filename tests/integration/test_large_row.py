"""A customer whom one cut gives thousands of effects: their row is larger than Kafka takes by default."""

import json
import os
import re
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from agents.errors import ExitCode
from devkit.broker import RealKafka
from streams.tables import app_id
from streams.timeline import Partition
from streams.topics import Catalogue, catalogue
from streams.wire.control import Tick, encode
from streams.wire.times import SECOND, format_time, parse_time
from tests.support.oracle import judge
from tests.support.topics import make_topics, producer, read_topic, settled
from tests.support.worker import Worker, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]

NOON = parse_time("2026-11-21T12:00:00.000Z")
CHANGES = 2_500
DEFAULT_LIMIT = 1_048_588
SETTINGS = {"HOLDFAST_CLOCK": "external", "HOLDFAST_KAFKA__INSTANCE_ID": "one"}


def change(number: int) -> bytes:
    """In, out, in, out: each out is a signal of its own."""
    event = {"v": 1, "id": f"c-{number}", "source": "shop", "type": "consent.changed", "customer_id": "noisy"}
    consent = {"channel": "email", "state": "out" if number % 2 else "in", "scope": "all", "reason": "asked"}
    when = format_time(NOON + number * SECOND)
    return json.dumps(event | {"occurred_at": when, "consent": consent}).encode()


def send_all(bootstrap: str, topics: Catalogue) -> None:
    sender = producer(bootstrap)
    for number in range(CHANGES):
        sender.produce(topics.name("events.account"), change(number), b"noisy", 0)
    assert sender.flush(30) == 0
    sender.produce(topics.control.name, encode(Tick(at=NOON + (CHANGES + 60) * SECOND)), b"tick", 0)
    assert sender.flush(30) == 0


def test_a_row_of_more_than_a_megabyte_is_written_and_recovered(kafka: RealKafka, tmp_path: Path) -> None:
    topics = make_topics(kafka, f"large{os.getpid()}", 1)
    worker = Worker(kafka.bootstrap, topics.prefix, 1, tmp_path, "agents.worker", SETTINGS)
    try:
        worker.start().wait_ready()
        send_all(kafka.bootstrap, topics)
        wait_until(settled(kafka.bootstrap, topics, app_id(topics.prefix)), "the cut is committed")
        worker.kill()
        worker.start().wait_ready()
        assert worker.stop() == 0
    finally:
        worker.close()
    rows = [record.value for record in read_topic(kafka.bootstrap, topics.changelog.name, 1)[0]]
    assert max(len(value) for value in rows if value) > DEFAULT_LIMIT
    judge(kafka.bootstrap, topics, lambda p: Partition(p, topics)).require_equal()


def test_a_changelog_with_the_default_limit_stops_the_worker_and_says_how_to_go_on(
    kafka: RealKafka, tmp_path: Path
) -> None:
    topics = catalogue(f"narrow{os.getpid()}", 1)
    changelog = topics.changelog.name
    narrow = {changelog: {"max.message.bytes": str(DEFAULT_LIMIT)}}
    kafka.create_topics([(t.name, 1, {**t.config, **narrow.get(t.name, {})}) for t in topics.all])
    worker = Worker(kafka.bootstrap, topics.prefix, 1, tmp_path, "agents.worker", SETTINGS)
    try:
        worker.start().wait_ready()
        send_all(kafka.bootstrap, topics)
        assert worker.wait_end() == ExitCode.CONFIGURATION
        assert f"topic {changelog} refuses a batch of" in worker.said
        (wanted,) = set(re.findall(r"--add-config max\.message\.bytes=(\d+)", worker.said))
        raise_limit(kafka.bootstrap, changelog, wanted)
        worker.start().wait_ready()
        wait_until(settled(kafka.bootstrap, topics, app_id(topics.prefix)), "the same cut is committed")
        assert worker.stop() == 0
    finally:
        worker.close()
    judge(kafka.bootstrap, topics, lambda p: Partition(p, topics)).require_equal()


def raise_limit(bootstrap: str, topic: str, wanted: str) -> None:
    """What the worker said, as an operator does it."""
    entry = ConfigEntry("max.message.bytes", wanted, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    client.incremental_alter_configs([resource])[resource].result(30)
