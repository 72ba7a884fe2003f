"""Plays a story into Kafka: events in order, a tick now and then, nothing more before it is answered."""

import asyncio
from collections.abc import Iterator
from typing import Protocol

from agents.replay.history import HistoryEvent
from agents.replay.schedule import Placed
from streams.wire.partition import partition_of

from .pace import Pace
from .scene import Scene

MOST_BETWEEN_TICKS = 2_000
"""Records of one partition between two ticks: the embedded broker drops what is over 5 MB, read or not."""


class Line(Protocol):
    """The way to the brokers (`agents.replay.kafka.KafkaLine`)."""

    async def add(self, placed: Placed) -> None:
        """Send an event, not waiting for it."""

    async def tick(self, at: int) -> None:
        """Wait for all events sent, tick, and wait for the cuts that answer."""


class Player:
    """One run of a story.

    Args:
        line: where events and ticks go.
        scene: told how far it is.
        pace: how long a tick is.
        partitions: of the event topics.
    """

    def __init__(self, line: Line, scene: Scene, pace: Pace, partitions: int) -> None:
        self._line, self._scene, self._pace = line, scene, pace
        self._counts = [0] * partitions
        self._newest = 0
        self._ticked = 0.0

    async def play(self, events: Iterator[HistoryEvent], until: int) -> None:
        """Send everything, and tick up to `until` (ms).

        Raises:
            CommandFailedError: a tick is not answered.
        """
        due, last = 0, 0
        for event in events:
            due = due or self._pace.first(event.occurred_at)
            while event.occurred_at >= due:
                due = await self._tick(due)
            partition = partition_of(event.key, len(self._counts))
            if self._counts[partition] >= MOST_BETWEEN_TICKS:
                await self._tick(max(last, self._newest) + 1)
                due = max(due, self._newest + 1)
            self._counts[partition] += 1
            last = event.occurred_at
            await self._line.add(Placed(event, partition))
            self._scene.events += 1
        while self._newest < until:
            due = await self._tick(min(due or until, until))

    async def _tick(self, at: int) -> int:
        """Tick, and say when the next one is due."""
        await self._line.tick(at)
        await asyncio.sleep(0)
        self._newest = at
        self._counts = [0] * len(self._counts)
        self._scene.ticked(at)
        now = self._scene.seconds
        cost, self._ticked = now - self._ticked, now
        return self._pace.after(at, now, cost)
