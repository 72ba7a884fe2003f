"""The replay's end of Kafka: events leave in record batches, and control answers the ticks."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer

from streams.topics import Catalogue

from ..adapters.kafka import Untyped, client_options, connected
from ..control_client import ControlClient
from ..settings import Settings
from ..topics import verify
from .schedule import Placed

_BATCH_BYTES = 500_000


class KafkaLine:
    """Sends a history; made by `open_line`.

    Args:
        producer: started, idempotent.
        control: connected.
        catalogue: of the topics.
        seconds: how long the cuts that answer a tick may take.
    """

    def __init__(
        self, producer: Untyped, control: ControlClient, catalogue: Catalogue, seconds: float
    ) -> None:
        self._producer, self._control, self._seconds = producer, control, seconds
        self._names = {topic.short.removeprefix("events."): topic.name for topic in catalogue.inputs}
        self._batches: dict[tuple[str, int], Untyped] = {}
        self._sent: list[asyncio.Future[Any]] = []

    async def time(self) -> int:
        """The latest time of any partition, 0 before the first cut."""
        return await self._control.time()

    async def add(self, placed: Placed) -> None:
        """Put an event into its batch; a full batch leaves."""
        event, partition = placed
        place = (self._names[event.topic], partition)
        batch = self._batches.get(place)
        if batch is None:
            batch = self._batches[place] = self._producer.create_batch()
        # Stamped by the wall clock, not by event time: retention must not take a history for old data.
        if batch.append(timestamp=None, key=event.key, value=event.value) is None:
            await self._ship(place)
            await self.add(placed)  # the first record of a batch is accepted at any size

    async def tick(self, at: int) -> None:
        """Wait until all events sent are acknowledged, tick, and wait for the cut of each partition."""
        for place in list(self._batches):
            await self._ship(place)
        await asyncio.gather(*self._sent)
        self._sent.clear()
        await self._control.tick_and_wait(at, self._seconds)

    async def _ship(self, place: tuple[str, int]) -> None:
        batch = self._batches.pop(place)
        batch.close()
        self._sent.append(await self._producer.send_batch(batch, place[0], partition=place[1]))


@asynccontextmanager
async def open_line(
    settings: Settings, catalogue: Catalogue, seconds: float = 120.0
) -> AsyncGenerator[KafkaLine]:
    """Connect a replay.

    Args:
        settings: how to reach the brokers.
        catalogue: the topics.
        seconds: how long the cuts that answer a tick may take.

    Raises:
        InfrastructureError: Kafka cannot be reached.
        ConfigurationError: a topic is missing, or has another number of partitions than the settings say.
    """
    await verify(settings, catalogue.inputs)
    producer = AIOKafkaProducer(
        **client_options(settings.kafka), acks="all", enable_idempotence=True, max_batch_size=_BATCH_BYTES
    )
    async with (
        ControlClient.connect(settings, catalogue) as control,
        connected(producer, producer.stop, settings.kafka),
    ):
        yield KafkaLine(producer, control, catalogue, seconds)
