"""Reads signals and commands from their topics, as a messaging service and a console would."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.adapters.kafka import Untyped, client_options, connected
from agents.settings import Settings
from streams.topics import Catalogue
from streams.wire.command import decode_command
from streams.wire.reject import Rejection
from streams.wire.signal import decode_signal

from .failure import PartFailedError
from .scene import Scene

_FETCH_WAIT_MS = 20
"""New data does not wake a waiting fetch of the embedded broker; Kafka loses nothing by a short wait."""

_POLL_MS = 200

T = TypeVar("T")
Respond = Callable[[dict[str, Any]], None]


class Listener:
    """Made by `listening`.

    Args:
        consumer: assigned to all of signals and commands.
        signals: the topic's name.
        scene: told of everything.
        respond: told of each new command, decoded from JSON.
    """

    def __init__(self, consumer: Untyped, signals: str, scene: Scene, respond: Respond) -> None:
        self._consumer, self._signals, self._scene, self._respond = consumer, signals, scene, respond
        self._next: dict[Any, int] = {}

    async def listen(self) -> None:
        """Read until cancelled."""
        while True:
            await self._read()

    async def drain(self) -> None:
        """Read to the ends as they are now; whoever writes there has stopped."""
        ends = await self._consumer.end_offsets(self._consumer.assignment())
        while any([await self._consumer.position(place) < end for place, end in ends.items()]):
            await self._read()

    async def _read(self) -> None:
        for place, records in (await self._consumer.getmany(timeout_ms=_POLL_MS)).items():
            # No transactions and no compaction here: a gap is what the embedded broker had no room for.
            self._scene.missed += records[0].offset - self._next.get(place, 0)
            self._next[place] = records[-1].offset + 1
            for record in records:
                self._take(place.topic, record.value)
        await asyncio.sleep(0)  # getmany does not yield while there is more to read

    def _take(self, topic: str, value: bytes) -> None:
        if topic == self._signals:
            self._scene.signal(_readable(decode_signal(value), topic))
        elif self._scene.command(_readable(decode_command(value), topic)):
            self._respond(msgspec.json.decode(value))


def _readable(form: T | Rejection, topic: str) -> T:
    if isinstance(form, Rejection):
        raise PartFailedError(f"{topic} holds a record that cannot be read: {form.reason} at {form.path}")
    return form


@asynccontextmanager
async def listening(
    settings: Settings, topics: Catalogue, scene: Scene, respond: Respond
) -> AsyncGenerator[Listener]:
    """Connect a listener.

    Raises:
        InfrastructureError: Kafka cannot be reached.
    """
    consumer = AIOKafkaConsumer(
        **client_options(settings.kafka),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=_FETCH_WAIT_MS,
    )
    wanted = (topics.signals, *topics.commands.values())
    async with connected(consumer, consumer.stop, settings.kafka):
        consumer.assign([TopicPartition(topic.name, n) for topic in wanted for n in range(topic.partitions)])
        yield Listener(consumer, topics.signals.name, scene, respond)
