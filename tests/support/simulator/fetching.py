"""Stands for aiokafka's consumer: positions, buffers, one fetch under way."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from .broker import Place, Slice
from .network import TIMEOUT
from .world import World

LONG_POLL = 0.02
"""Seconds that the broker waits for a record."""


@dataclass
class State:
    """Where one assigned partition is; the names are aiokafka's."""

    position: int = 0
    has_valid_position: bool = False


class SimKafka:
    """What the lane uses of aiokafka's consumer.

    Args:
        world: Where broker and group are.

    Attributes:
        member, generation: Of the group, for commits.
        answers: When the last answered fetch of a partition left (ms), and the end that it brought.
    """

    def __init__(self, world: World) -> None:
        self._loop = world.loop
        self._network = world.network
        self._broker = world.broker
        self._group = world.group
        self._draw = world.random.random
        self._wall_ms = world.wall_ms
        self._states: dict[TopicPartition, State] = {}
        self._buffers: dict[TopicPartition, Slice] = {}
        self._asked: dict[TopicPartition, int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._came = asyncio.Event()
        self._coordinator = self
        self._subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=self))
        self.member = ""
        self.generation = 0
        self.answers: dict[Place, tuple[int, int]] = {}

    def assign(self, places: Iterable[TopicPartition]) -> None:
        """Begin anew with these partitions."""
        self._states = {place: State() for place in places}
        self._buffers.clear()
        self._asked.clear()

    # -- aiokafka's

    def assignment(self) -> set[TopicPartition]:
        """What is assigned."""
        return set(self._states)

    def state_value(self, place: TopicPartition) -> State:
        """Where a partition is."""
        return self._states[place]

    def seek(self, place: TopicPartition, offset: int) -> None:
        """Go on from there."""
        state = self._states.get(place)
        if state is not None:
            state.position, state.has_valid_position = offset, True
            self._buffers.pop(place, None)

    async def fetch_committed_offsets(
        self, places: Sequence[TopicPartition]
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        """What the group has committed, as the coordinator tells it in one answer."""
        held = self._broker.committed
        return await self._network.insist(
            lambda: {place: OffsetAndMetadata(held.get((*place,), -1), "") for place in places}
        )

    async def beginning_offsets(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Zero: retention deletes nothing here."""
        return await self._network.insist(lambda: dict.fromkeys(places, 0))

    async def end_offsets(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Next offsets."""
        return await self._network.insist(lambda: {place: self._broker.log(*place).end for place in places})

    async def commit(self, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        """Commit in one request, as a member of the generation.

        Raises:
            CommitFailedError: the group has gone on without this worker.
            KafkaTimeoutError: there was no answer.
        """
        wanted = {(*place,): entry.offset for place, entry in offsets.items()}
        member, generation = self.member, self.generation
        await self._network.ask(lambda: self._group.commit(member, generation, wanted))

    # -- fetching

    async def getmany(self, wanted: Iterable[TopicPartition], seconds: float) -> dict[TopicPartition, Any]:
        """Records of some partitions, as far as they are here; asks for more."""
        places = sorted(wanted)
        self._ask(places)
        if seconds and not any(place in self._buffers for place in places):
            self._came.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait(), seconds)
        await asyncio.sleep(0)
        found = {}
        for place in places:
            brought = self._buffers.pop(place, None)
            if brought is not None:
                self._states[place].position = brought.position
                if brought.records:
                    found[place] = brought.records
        return found

    def _ask(self, places: Iterable[TopicPartition]) -> None:
        if self._asked:
            return  # one request under way, as with one broker
        for place in places:
            state = self._states.get(place)
            if state is not None and state.has_valid_position and place not in self._buffers:
                self._asked[place] = state.position
        if self._asked:
            asked = self._asked
            self._network.to_broker(self._arrive, dict(asked), self._wall_ms())
            self._timer = self._loop.call_later(TIMEOUT, self._give_up, asked)

    def _give_up(self, asked: dict[TopicPartition, int]) -> None:
        if self._asked is asked:
            self._asked = {}

    def _arrive(self, asked: dict[TopicPartition, int], sent: int, *, waited: bool = False) -> None:
        uneven = self._network.weather.uneven
        found = {}
        for place, position in asked.items():
            if not self._network.chance(uneven):
                limit = 1 + int(self._draw() * 8) if self._draw() < uneven else None
                found[place] = self._broker.log(*place).read(position, limit=limit)
        if not waited and not any(slice_.records for slice_ in found.values()):
            self._loop.call_later(LONG_POLL, lambda: self._arrive(asked, sent, waited=True))
            return
        self._network.answer(self._answered, asked, found, sent)

    def _answered(
        self, asked: dict[TopicPartition, int], found: dict[TopicPartition, Slice], sent: int
    ) -> None:
        if self._asked == asked:
            self._asked = {}
            if self._timer is not None:
                self._timer.cancel()
        for place, brought in found.items():
            state = self._states.get(place)
            if state is None or state.position != asked[place] or place in self._buffers:
                continue  # sought or assigned anew meanwhile
            self._buffers[place] = brought
            self.answers[place.topic, place.partition] = (sent, brought.end)
        self._came.set()
