"""Stands for aiokafka's idempotent producer: one batch of a partition on its way at a time, tried again."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from aiokafka.errors import KafkaTimeoutError

from .broker import Line, Place
from .loop import Act
from .network import TIMEOUT
from .world import World


class Metadata(NamedTuple):
    """What an acknowledgement tells."""

    offset: int


class Batch:
    """Records that go together.

    Args:
        limit: How many fit.
        now: The wall clock (ms).
    """

    def __init__(self, limit: int, now: int) -> None:
        self._limit = limit
        self._now = now
        self.lines: list[Line] = []

    def append(
        self,
        *,
        timestamp: int | None,
        key: bytes | None,
        value: bytes | None,
        headers: list[tuple[str, bytes]],
    ) -> object | None:
        """Take a record; ``None`` if it does not fit."""
        if len(self.lines) == self._limit:
            return None
        self.lines.append((self._now if timestamp is None else timestamp, key, value, headers))
        return self

    def close(self) -> None:
        """Nothing more goes in."""

    def size(self) -> int:
        """A number of bytes."""
        return sum(len(line[1] or b"") + len(line[2] or b"") for line in self.lines)


@dataclass
class _Parcel:
    lines: list[Line]
    ack: "asyncio.Future[Metadata]"
    again: asyncio.TimerHandle | None = None  # when it is sent once more
    offset: int | None = None  # where the broker has it: a second arrival is known by its sequence number


class SimProducer:
    """Of one worker.

    Args:
        world: Where the broker is.
        name: The worker's.
    """

    def __init__(self, world: World, name: str) -> None:
        self._loop = world.loop
        self._network = world.network
        self._broker = world.broker
        self._name = name
        self._limit = world.setting.batch
        self._wall_ms = world.wall_ms
        self._waiting: dict[Place, deque[_Parcel]] = {}
        self._traps: dict[str, Act] = {}
        self._broken: set[Place] = set()  # a batch is missing there: the broker takes none that follows it

    def trap(self, topic: str, act: Act) -> None:
        """Have something done when the next batch for a topic is about to be handed over."""
        self._traps[topic] = act

    def create_batch(self) -> Batch:
        """An empty batch."""
        return Batch(self._limit, self._wall_ms())

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> "asyncio.Future[Metadata]":
        """Hand a batch over; returns a future of its place."""
        trap = self._traps.pop(topic, None)
        if trap is not None:
            trap()
        await asyncio.sleep(0)  # aiokafka may wait here, for metadata or for room
        place = (topic, partition)
        parcel = _Parcel(batch.lines, self._loop.create_future())
        queue = self._waiting.setdefault(place, deque())
        queue.append(parcel)
        parcel.ack.add_done_callback(lambda _: self._next(place))  # in this process: not while it is frozen
        if len(queue) == 1:
            self._ship(place, parcel)
        return parcel.ack

    def _ship(self, place: Place, parcel: _Parcel) -> None:
        if parcel.ack.done():
            return
        self._network.to_broker(self._arrive, place, parcel)
        parcel.again = self._loop.call_later(TIMEOUT, self._ship, place, parcel)

    def _next(self, place: Place) -> None:
        queue = self._waiting[place]
        done = queue.popleft()
        if done.again is not None:
            done.again.cancel()
        if queue:
            self._ship(place, queue[0])

    def _arrive(self, place: Place, parcel: _Parcel) -> None:
        network = self._network
        if parcel.offset is None and (place in self._broken or network.chance(network.weather.refused)):
            self._broken.add(place)
            network.answer(self._refused, parcel)
            return
        if parcel.offset is None:
            parcel.offset = self._broker.append(self._name, *place, parcel.lines)
        network.answer(self._acked, parcel)

    def _refused(self, parcel: _Parcel) -> None:
        if not parcel.ack.done():
            parcel.ack.set_exception(KafkaTimeoutError("the broker refused"))

    def _acked(self, parcel: _Parcel) -> None:
        if parcel.ack.done():
            return
        assert parcel.offset is not None
        parcel.ack.set_result(Metadata(parcel.offset))
