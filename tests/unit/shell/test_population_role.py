"""The population role without Kafka: what it waits for, what it publishes, and what it passes over."""

import pytest

from agents.adapters.metrics import Metrics
from agents.population import Population
from streams.topics import catalogue
from streams.wire.control import PopulationFact
from streams.wire.facts import InForce
from streams.wire.population import SUMS, PartitionSums
from streams.wire.times import DAY

from ..population.test_estimate import TODAY, part, stream, sums_of


class Installation:
    """What the role sees of the world: facts that stand, and what it puts there."""

    def __init__(self) -> None:
        self.stands: dict[str, object] = {}
        self.published: list[PopulationFact] = []
        self.asked = 0

    async def publish(self, fact: InForce) -> None:
        assert isinstance(fact, PopulationFact)
        self.published.append(fact)
        self.stands["population"] = fact

    async def in_force(self) -> dict[str, object]:
        self.asked += 1
        return self.stands


def role(installation: Installation, metrics: Metrics | None = None) -> Population:
    topics = catalogue(partitions=2)
    return Population(topics, installation.publish, installation.in_force, metrics or Metrics())


def told(number: int, day: int = TODAY, count: int = 40) -> bytes:
    sums: PartitionSums = part(number, stream({"": sums_of(count)}), at=day * DAY + 5)
    return SUMS.encode(sums)


async def test_it_waits_for_every_partition_and_estimates_once_a_day() -> None:
    world, metrics = Installation(), Metrics()
    ours = role(world, metrics)
    await ours.take(b"0", told(0))
    assert world.published == []
    await ours.take(b"1", told(1))
    for _ in range(5):
        await ours.take(b"0", told(0))
    assert [fact.version for fact in world.published] == [1]
    assert world.asked == 1
    await ours.take(b"0", told(0, TODAY + 1))
    await ours.take(b"1", told(1, TODAY + 1))
    assert [fact.version for fact in world.published] == [1, 2]
    assert ours.heard == [0, 1]
    text = metrics.render().decode()
    assert "holdfast_population_version 2.0" in text
    assert 'holdfast_population_customers{stream="web"} 80.0' in text


async def test_who_comes_later_goes_on_from_what_stands_and_says_nothing_twice() -> None:
    world = Installation()
    first, second = role(world), role(world)
    for ours in (first, second):
        for number in (0, 1):
            await ours.take(None, told(number))
    assert [fact.version for fact in world.published] == [1]
    for ours in (second, first):
        for number in (0, 1):
            await ours.take(None, told(number, TODAY + 1))
    assert [fact.version for fact in world.published] == [1, 2]


async def test_a_record_from_before_does_not_replace_a_newer_one() -> None:
    world = Installation()
    ours = role(world)
    await ours.take(None, told(0, TODAY + 1))
    await ours.take(None, told(0, TODAY, count=3))
    await ours.take(None, told(1, TODAY + 1))
    (fact,) = world.published
    assert fact.priors["web"][""].customers == 80


@pytest.mark.parametrize(
    "value", [None, b"", b"{", b'{"kind":"sums"}', b'{"kind":"something else"}', told(7), b"[1]"]
)
async def test_what_it_cannot_use_it_passes_over(value: bytes | None) -> None:
    world = Installation()
    ours = role(world)
    await ours.take(None, value)
    for number in (0, 1):
        await ours.take(None, told(number))
    assert len(world.published) == 1
