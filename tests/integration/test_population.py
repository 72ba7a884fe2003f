"""The population role on a real Kafka: partitions tell sums, it puts what follows in force, deadlines use it.

The role is killed while a second one waits: that one goes on where the first stopped; no version comes twice.
"""

import asyncio
import json
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from devkit.broker import RealKafka
from streams.topics import Catalogue
from streams.wire.control import PopulationFact, decode_control
from streams.wire.times import DAY, format_time, parse_time
from tests.support.kafka_scenarios import ProductWorker, RoleWorker
from tests.support.stage import Sent, Stage, stage
from tests.support.story import policy, policy_fact
from tests.support.topics import make_topics, read_topic
from tests.support.worker import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(400)]

BEGIN = parse_time("2026-03-02T00:00:00.000Z")
PARTITIONS = 2
CUSTOMERS = 90
STOP = 70  # the day on which half of them go


def visits() -> list[Sent]:
    """Everybody's visits."""
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
            value = json.dumps(body | {"occurred_at": format_time(at)}).encode()
            found.append(Sent(at, "web", key.encode(), value))
            at += int(max(chance.lognormvariate(mean, 0.4), 0.3) * DAY)
    return found


async def known(ours: Stage, version: int) -> PopulationFact:
    """What is known, once it is of this version or a later one."""
    until = asyncio.get_running_loop().time() + 60
    while asyncio.get_running_loop().time() < until:
        fact = await ours.in_force("population")
        if isinstance(fact, PopulationFact) and fact.version >= version:
            return fact
        await asyncio.sleep(0.2)
    raise AssertionError(f"no population of version {version}")


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
        async with stage(kafka, topics, visits()) as ours:
            await ours.control.publish(policy_fact(policy(detect={"forgetting": 0.95})))
            await ours.reach(BEGIN + 40 * DAY)
            fact = await known(ours, 1)
            prior = fact.priors["web"][""]
            assert fact.version == 1
            assert prior.customers == CUSTOMERS
            assert prior.m0 == pytest.approx(1.2, abs=0.15)
            await asyncio.to_thread(second.start)
            await ours.reach(BEGIN + 41 * DAY)
            await known(ours, 2)
            await asyncio.to_thread(first.kill)
            await asyncio.to_thread(second.wait_ready)
            await ours.reach(BEGIN + 42 * DAY)
            await known(ours, 3)
            await ours.reach(BEGIN + (STOP + 60) * DAY)
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
