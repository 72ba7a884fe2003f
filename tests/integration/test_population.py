"""The population role on a real Kafka: partitions tell sums, it puts what follows in force, deadlines use it.

The role is killed while a second one waits: that one goes on where the first stopped; no version comes twice.
"""

import asyncio
import json
import random
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from agents.control_client import ControlClient
from agents.facts import facts_in_force
from agents.settings import Settings
from agents.settings.model import Kafka, Topics
from devkit.broker import RealKafka
from streams.topics import Catalogue
from streams.wire.control import PopulationFact, decode_control
from streams.wire.partition import partition_of
from streams.wire.times import DAY, format_time, parse_time
from tests.support.kafka_scenarios import ProductWorker, RoleWorker
from tests.support.story import policy, policy_fact
from tests.support.topics import make_topics, read_topic
from tests.support.worker import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(400)]

BEGIN = parse_time("2026-03-02T00:00:00.000Z")
PARTITIONS = 2
CUSTOMERS = 90
STOP = 70  # the day on which half of them go


def visits() -> list[tuple[int, bytes, bytes]]:
    """When, whose and what: everybody's visits, in the order of time."""
    chance, found = random.Random(7), []
    for number in range(CUSTOMERS):
        key, at, mean = f"c{number}", BEGIN + chance.randrange(5 * DAY), chance.gauss(1.2, 0.4)
        while at < BEGIN + (STOP if number % 2 else 200) * DAY:
            body = {
                "v": 1,
                "id": f"{number}-{at}",
                "source": "site",
                "type": "web.visited",
                "customer_id": key,
            }
            found.append((at, key.encode(), json.dumps(body | {"occurred_at": format_time(at)}).encode()))
            at += int(max(chance.lognormvariate(mean, 0.4), 0.3) * DAY)
    return sorted(found)


class Stage:
    """An installation whose time a test moves."""

    def __init__(self, topics: Catalogue, settings: Settings, control: ControlClient, producer: Any) -> None:  # noqa: ANN401 - aiokafka is untyped
        self.topics = topics
        self._settings = settings
        self.control = control
        self._producer = producer
        self._waiting = visits()

    async def reach(self, day: int) -> None:
        """Send what happens before a day, and tell the time."""
        at = BEGIN + day * DAY
        now = [visit for visit in self._waiting if visit[0] < at]
        self._waiting = self._waiting[len(now) :]
        for _, key, value in now:
            place = partition_of(key, PARTITIONS)
            await self._producer.send(self.topics.name("events.web"), value, key=key, partition=place)
        await self._producer.flush()
        await self.control.tick_and_wait(at)

    async def known(self, version: int) -> PopulationFact:
        """What is known, once it is of this version or a later one."""
        until = asyncio.get_running_loop().time() + 60
        while asyncio.get_running_loop().time() < until:
            fact = (await facts_in_force(self._settings, self.topics)).get("population")
            if isinstance(fact, PopulationFact) and fact.version >= version:
                return fact
            await asyncio.sleep(0.2)
        raise AssertionError(f"no population of version {version}")


@asynccontextmanager
async def stage(kafka: RealKafka, topics: Catalogue) -> AsyncGenerator[Stage]:
    settings = Settings(
        kafka=Kafka(bootstrap_servers=(kafka.bootstrap,)),
        topics=Topics(prefix=topics.prefix, partitions=PARTITIONS),
        clock="external",
    )
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
    await producer.start()
    try:
        async with ControlClient.connect(settings, topics) as control:
            yield Stage(topics, settings, control, producer)
    finally:
        await producer.stop()


def versions_on_control(kafka: RealKafka, topics: Catalogue) -> list[list[int]]:
    """By partition."""
    found: list[list[int]] = []
    for number in range(PARTITIONS):
        values = [
            record.value for record in read_topic(kafka.bootstrap, topics.control.name, PARTITIONS)[number]
        ]
        facts = [decode_control(value) for value in values]
        found.append([fact.version for fact in facts if isinstance(fact, PopulationFact)])
    return found


def opened(kafka: RealKafka, topics: Catalogue) -> list[dict[str, Any]]:
    """The rule of each silence that was opened, oldest first in each partition."""
    records = read_topic(kafka.bootstrap, topics.signals.name, PARTITIONS)
    signals = [json.loads(record.value or b"") for some in records.values() for record in some]
    return [signal["evidence"]["rule"] for signal in signals if signal["action"] == "opened"]


async def test_what_partitions_tell_comes_back_as_a_prior_and_a_second_role_goes_on(
    kafka: RealKafka, tmp_path: Path
) -> None:
    topics = make_topics(kafka, "population", PARTITIONS)
    external = {"HOLDFAST_CLOCK": "external"}
    detect = ProductWorker(kafka.bootstrap, topics.prefix, PARTITIONS, tmp_path, external)
    first, second = (RoleWorker(kafka.bootstrap, topics.prefix, PARTITIONS, tmp_path) for _ in range(2))
    try:
        await asyncio.to_thread(detect.start().wait_ready)
        await asyncio.to_thread(first.start().wait_ready)
        async with stage(kafka, topics) as ours:
            await ours.control.publish(policy_fact(policy(detect={"forgetting": 0.95})))
            await ours.reach(40)
            fact = await ours.known(1)
            known = fact.priors["web"][""]
            assert fact.version == 1
            assert known.customers == CUSTOMERS
            assert known.m0 == pytest.approx(1.2, abs=0.15)
            await asyncio.to_thread(second.start)
            await ours.reach(41)
            await ours.known(2)
            await asyncio.to_thread(first.kill)
            await asyncio.to_thread(second.wait_ready)
            await ours.reach(42)
            await ours.known(3)
            await ours.reach(STOP + 60)
            wait_until(lambda: opened(kafka, topics), "somebody is silent")
            rules = [rule for rule in opened(kafka, topics) if rule["stream"] == "web"]
            assert {(rule["prior_from"], rule["population"] > 0) for rule in rules} == {("pooled", True)}
            assert {rule["prior"]["m0"] for rule in rules} != {2.5}
        for told in versions_on_control(kafka, topics):
            assert told == list(range(1, len(told) + 1))
        assert await asyncio.to_thread(second.stop) == 0
    except BaseException:
        for worker in (detect, first, second):
            sys.stderr.write(worker.output()[-3000:])
        raise
    finally:
        for worker in (detect, first, second):
            await asyncio.to_thread(worker.close)
