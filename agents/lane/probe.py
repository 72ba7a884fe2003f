"""Whether Kafka could serve a worker now: asked from outside, by a client that has no part in the work."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.topics import Topic

PATIENCE: Final = 6.0
"""Seconds within which the brokers must answer."""

STOPS_WITHIN: Final = 1.0
"""Seconds that the client gets to close its connections."""


class Probe:
    """Asks for what a worker needs: where each partition ends, of its leader, and what the group committed.

    It joins no group, and runs in an event loop of its own, so that any thread may call it.

    Args:
        connection: How aiokafka's clients connect.
        group: The consumer group.
        topics: That a worker reads.
    """

    def __init__(self, connection: Mapping[str, Any], group: str, topics: Sequence[Topic]) -> None:
        self._connection = connection
        self._group = group
        self._places = [TopicPartition(topic.name, p) for topic in topics for p in range(topic.partitions)]

    def __call__(self) -> bool:
        """Whether all of them answer."""
        try:
            asyncio.run(asyncio.wait_for(self._ask(), PATIENCE))
        except (KafkaError, OSError, TimeoutError):
            return False
        return True

    async def _ask(self) -> None:
        consumer = AIOKafkaConsumer(**self._connection, group_id=self._group, enable_auto_commit=False)
        try:
            await consumer.start()
            await consumer.end_offsets(self._places)
            await consumer.committed(self._places[0])
        finally:
            with suppress(TimeoutError):
                await asyncio.wait_for(consumer.stop(), STOPS_WITHIN)
