"""A worker's membership of the group: joining, showing life, and what a rebalance asks of the consumer."""

import asyncio
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError
from faust.types import TP

from .faust import SimApp
from .fetching import SimKafka
from .group import Beat
from .world import World

Place = tuple[int, list[int]]
"""A generation, and the partitions in it."""

GRACE = 3.0
"""Seconds on top of the rebalance timeout after which a member that hears nothing asks again."""


class Member:
    """Stands for aiokafka's coordinator, in the order in which it calls Faust.

    Args:
        world: Where the group is.
        app: Of the worker.
        kafka: Its consumer.
        name: The worker's.
    """

    def __init__(self, world: World, app: SimApp, kafka: SimKafka, name: str) -> None:
        self._world = world
        self._app = app
        self._kafka = kafka
        self._name = name
        self._incarnation = 0

    async def belong(self) -> None:
        """Join, show life, and join again when asked to; under a new name when dropped."""
        beat = Beat.UNKNOWN
        while True:
            if beat is Beat.UNKNOWN:
                self._incarnation += 1
                self._kafka.member = f"{self._name}.{self._incarnation}"
            await self._placed(*await self._join())
            beat = await self._beat_while_stable()
            await self._app.consumer.on_partitions_revoked({TP(*tp) for tp in self._kafka.assignment()})

    async def leave(self) -> None:
        """Say goodbye."""
        member = self._kafka.member
        await self._world.network.insist(lambda: self._world.group.leave(member))

    async def _join(self) -> Place:
        world, member = self._world, self._kafka.member
        patience = world.setting.settings.kafka.rebalance_timeout / 1000 + GRACE
        while True:
            future: asyncio.Future[Place] = world.loop.create_future()

            def placed(generation: int, numbers: list[int], future: "asyncio.Future[Place]" = future) -> None:
                world.network.answer(_settle, future, (generation, numbers))

            try:
                await world.network.ask(lambda placed=placed: world.group.join(member, placed))  # type: ignore[misc]
                return await asyncio.wait_for(future, patience)
            except (KafkaTimeoutError, TimeoutError):
                continue

    async def _placed(self, generation: int, numbers: list[int]) -> None:
        topics = self._world.topics
        names = [topic.name for topic in (*topics.inputs, topics.control, topics.changelog)]
        places = [TopicPartition(name, number) for number in numbers for name in names]
        self._kafka.generation = self._app.consumer_generation_id = generation
        self._kafka.assign(places)
        await self._app.consumer.on_partitions_assigned({TP(*place) for place in places}, generation)

    async def _beat_while_stable(self) -> Beat:
        world, member, generation = self._world, self._kafka.member, self._kafka.generation
        while True:
            await asyncio.sleep(world.setting.settings.kafka.heartbeat_interval / 1000)
            sent = world.loop.time()
            try:
                beat = await world.network.ask(lambda: world.group.beat(member, generation))
            except KafkaTimeoutError:
                continue
            if beat is not Beat.STABLE:
                return beat
            self._app.lane.lease.renew(sent)


def _settle(future: "asyncio.Future[Any]", result: object) -> None:
    if not future.done():
        future.set_result(result)
