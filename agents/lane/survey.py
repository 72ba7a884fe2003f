"""What the brokers say of a group and its topics, asked by who is no member of it yet.

A worker asks again when partitions are given to it; the same rules judge both (`claiming.py`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.tables import app_id
from streams.topics import Catalogue

from ..adapters.described import describe
from .claiming import Found, Place, base_of, base_offset
from .cuts import Base
from .reader import LogReader


class Told(NamedTuple):
    """What a member of the group is not told by its own consumer.

    Attributes:
        ids: Of the topics, by full name; empty where the broker does not tell.
        notes: What was committed beside the control offsets, by partition.
    """

    ids: Mapping[str, str]
    notes: Mapping[int, str]


Ask = Callable[[Collection[int]], Awaitable[Told]]
"""Asks for partitions."""


async def nothing_told(_numbers: Collection[int]) -> Told:
    """For a lane whose brokers nobody can ask."""
    return Told({}, {})


class Survey:
    """Asks the brokers.

    Args:
        connection: How aiokafka's clients connect.
        topics: The catalogue.
    """

    def __init__(self, connection: Mapping[str, Any], topics: Catalogue) -> None:
        self._connection = connection
        self._topics = topics

    async def told(self, numbers: Collection[int]) -> Told:
        """Ids and notes."""
        admin = AIOKafkaAdminClient(**self._connection)
        await admin.start()
        try:
            committed = await self._committed(admin, [self._topics.control.name], numbers)
            ids = await self._ids(admin)
        finally:
            await admin.close()
        return Told(ids, {place.partition: found.metadata or "" for place, found in committed.items()})

    async def whole(self) -> dict[int, Found]:
        """All partitions, as somebody who claimed them now would find them."""
        topics, numbers = self._topics, range(self._topics.control.partitions)
        names = [*(topic.name for topic in topics.inputs), topics.control.name]
        admin = AIOKafkaAdminClient(**self._connection)
        await admin.start()
        try:
            committed = await self._committed(admin, names, numbers)
            ids = await self._ids(admin)
        finally:
            await admin.close()
        firsts, ends = await self._bounds([*names, topics.changelog.name], numbers)

        def place(name: str, number: int) -> Place:
            at = TopicPartition(name, number)
            offset = committed[at].offset if at in committed else -1
            return Place(None if offset < 0 else offset, firsts[at], ends[at])

        return {
            number: Found(
                number,
                place(topics.changelog.name, number).end,
                place(topics.control.name, number),
                {topic.name: place(topic.name, number) for topic in topics.inputs},
                place(topics.changelog.name, number),
                committed[TopicPartition(topics.control.name, number)].metadata,
                ids,
            )
            for number in numbers
        }

    async def _committed(self, admin: Any, names: Iterable[str], numbers: Iterable[int]) -> dict[Any, Any]:
        places = [TopicPartition(name, number) for name in names for number in numbers]
        found: dict[Any, Any] = await admin.list_consumer_group_offsets(
            app_id(self._topics.prefix), partitions=places
        )
        return found

    async def _ids(self, admin: Any) -> dict[str, str]:
        topics = self._topics
        names = [*(topic.name for topic in topics.inputs), topics.control.name, topics.changelog.name]
        told = await describe(admin, names)
        return {name: topic.identity for name, topic in (told or {}).items()}

    async def _bounds(
        self, names: Iterable[str], numbers: Iterable[int]
    ) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
        consumer = AIOKafkaConsumer(**self._connection, enable_auto_commit=False)
        await consumer.start()
        try:
            places = [TopicPartition(name, number) for name in names for number in numbers]
            firsts, ends = await asyncio.gather(
                consumer.beginning_offsets(places), consumer.end_offsets(places)
            )
        finally:
            await consumer.stop()
        return firsts, ends


async def last_cuts(reader: LogReader, topics: Catalogue, found: Iterable[Found]) -> dict[int, Base]:
    """The last executed cut of each partition, where control still holds it.

    Raises:
        DataLossError: if something else stands in its place.
    """
    offsets = {one.number: offset for one in found if (offset := base_offset(topics, one)) is not None}
    records = await reader.read(
        topics.control.name, {number: (offset, offset + 1) for number, offset in offsets.items()}
    )
    return {number: base_of(records[number], offset, number) for number, offset in offsets.items()}
