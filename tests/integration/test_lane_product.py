"""The worker as it is shipped: real customers' rules, the external clock, kills; judged by the oracle.

Half of the customers stop buying in the middle of the story, so that signals and commands come out of it.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from devkit.broker import RealKafka
from streams.tables import app_id
from streams.timeline import Partition
from streams.wire.control import Cut, Tick, decode_control, encode
from streams.wire.partition import partition_of
from streams.wire.times import DAY, format_time, parse_time
from tests.support.oracle import judge
from tests.support.topics import make_topics, producer, read_topic, settled
from tests.support.worker import Worker, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]

PARTITIONS = 4
BEGIN = parse_time("2026-03-02T00:00:00.000Z")
DAYS = 100
STOP = 55
CUSTOMERS = 120


def day_of_orders(day: int, random: Random) -> Iterator[tuple[int, bytes, bytes]]:
    """The input (number in the catalogue), key and value of each event of a day."""
    for number in range(CUSTOMERS):
        key, gap = f"c-{number}", 2 + number % 6
        base = {"v": 1, "source": "shop", "customer_id": key}
        moment = BEGIN + day * DAY + random.randrange(DAY)
        if day == 0:
            consent = {"channel": "email", "state": "in", "scope": "all", "reason": "asked"}
            yield (
                5,
                key.encode(),
                json.dumps(
                    base
                    | {
                        "id": f"in-{number}",
                        "type": "consent.changed",
                        "occurred_at": format_time(moment),
                        "consent": consent,
                    }
                ).encode(),
            )
        if (day + number) % gap == 0 and (number % 2 or day < STOP or day > DAYS - 5):
            order = {"id": f"{number}-{day}", "total": "10.00", "currency": "EUR"}
            yield (
                1,
                key.encode(),
                json.dumps(
                    base
                    | {
                        "id": f"o-{number}-{day}",
                        "type": "order.completed",
                        "occurred_at": format_time(moment),
                        "surface": "web",
                        "order": order,
                    }
                ).encode(),
            )


@pytest.mark.parametrize("kills", [(), (30, 62, 80)], ids=["undisturbed", "killed three times"])
def test_the_shipped_worker_says_what_the_core_says(
    kafka: RealKafka, tmp_path: Path, kills: tuple[int, ...]
) -> None:
    topics = make_topics(kafka, f"product{os.getpid()}-{len(kills)}", PARTITIONS)
    settings = {"HOLDFAST_CLOCK": "external", "HOLDFAST_KAFKA__INSTANCE_ID": "one"}
    worker = Worker(kafka.bootstrap, topics.prefix, PARTITIONS, tmp_path, "agents.worker", settings)
    sender, random = producer(kafka.bootstrap), Random(7)

    def answered(at: int) -> bool:
        found = read_topic(kafka.bootstrap, topics.control.name, PARTITIONS)
        cuts = [decode_control(records[-1].value) for records in found.values() if records]
        return sum(isinstance(cut, Cut) and cut.at == at for cut in cuts) == PARTITIONS

    try:
        worker.start().wait_ready()
        for day in range(DAYS):
            for topic, key, value in day_of_orders(day, random):
                sender.produce(topics.inputs[topic].name, value, key, partition_of(key, PARTITIONS))
            if day == 10:
                sender.produce(topics.inputs[1].name, b"{ no JSON", b"c-1", partition_of(b"c-1", PARTITIONS))
            assert sender.flush(30) == 0
            at = BEGIN + (day + 1) * DAY
            for p in range(PARTITIONS):
                sender.produce(topics.control.name, encode(Tick(at=at)), b"tick", p)
            assert sender.flush(30) == 0
            if day in kills:
                worker.kill()
                worker.start()
            wait_until(lambda at=at: answered(at), f"day {day} is answered")  # type: ignore[misc] # mypy and defaults
        wait_until(settled(kafka.bootstrap, topics, app_id(topics.prefix)), "all is committed")
        assert worker.stop() == 0
    finally:
        worker.close()
    verdict = judge(kafka.bootstrap, topics, lambda p: Partition(p, topics))
    print(verdict.summary())  # noqa: T201 - pytest shows it for a failed test
    verdict.require_equal()
    assert verdict.rejects == 1
    assert verdict.cuts == DAYS * PARTITIONS
    signals = read_topic(kafka.bootstrap, topics.signals.name, PARTITIONS)
    assert sum(len(records) for records in signals.values()) >= CUSTOMERS // 2
