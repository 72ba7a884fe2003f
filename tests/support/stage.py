"""An installation on a real Kafka whose time a test moves: what happens is sent as time comes to it."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer

from agents.control_client import ControlClient
from agents.facts import facts_in_force
from agents.settings import Settings
from agents.settings.model import Kafka, Topics
from devkit.broker import RealKafka
from streams.topics import Catalogue
from streams.wire.facts import Fact
from streams.wire.partition import partition_of


class Sent(NamedTuple):
    """A record for an input (``source`` is its short name) at a moment (ms)."""

    at: int
    source: str
    key: bytes
    value: bytes


class Stage:
    """The installation; ``control`` speaks to it."""

    def __init__(
        self,
        topics: Catalogue,
        settings: Settings,
        control: ControlClient,
        producer: Any,  # noqa: ANN401 - aiokafka is untyped
        happens: Iterable[Sent],
        within: float,
    ) -> None:
        self.topics = topics
        self.control = control
        self._settings = settings
        self._producer = producer
        self._waiting = sorted(happens)
        self._within = within

    async def reach(self, at: int) -> None:
        """Send what happens before a moment (ms), and tell the time."""
        now = [sent for sent in self._waiting if sent.at < at]
        self._waiting = self._waiting[len(now) :]
        for _, source, key, value in now:
            place = partition_of(key, self.topics.control.partitions)
            name = self.topics.name(f"events.{source}")
            await self._producer.send(name, value, key=key, partition=place)
        await self._producer.flush()
        await self.control.tick_and_wait(at, self._within)

    async def in_force(self, what: str) -> Fact | None:
        """The fact that stands on facts under a key now."""
        return (await facts_in_force(self._settings, self.topics)).get(what)


@asynccontextmanager
async def stage(
    kafka: RealKafka, topics: Catalogue, happens: Iterable[Sent], within: float = 60.0
) -> AsyncGenerator[Stage]:
    """An installation with an external clock, at the beginning of what happens.

    Args:
        kafka: the broker.
        topics: made already.
        happens: in any order.
        within: seconds that a tick may take until all partitions know it.
    """
    settings = Settings(
        kafka=Kafka(bootstrap_servers=(kafka.bootstrap,)),
        topics=Topics(prefix=topics.prefix, partitions=topics.control.partitions),
        clock="external",
    )
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
    await producer.start()
    try:
        async with ControlClient.connect(settings, topics) as control:
            yield Stage(topics, settings, control, producer, happens, within)
    finally:
        await producer.stop()
