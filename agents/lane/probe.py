"""Whether Kafka could serve a worker now: asked from outside, by a client that has no part in the work."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError

from streams.topics import Topic

from .pulse import LOOP_BLOCKED

PATIENCE: Final = 6.0
"""Seconds within which the brokers must answer."""

STOPS_WITHIN: Final = 1.0
"""Seconds that the client gets to close its connections."""

_REFUSED: Final = (GroupAuthorizationFailedError, TopicAuthorizationFailedError)
"""A right that is missing is an answer too, and no outage."""


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

    def __call__(self, standing: Sequence[str]) -> list[str]:
        """Of what stands still, in words, that for which Kafka could do its part.

        What names a topic or a partition needs an answer about that; a blocked event loop waits for nobody;
        all else needs an answer about everything.
        """
        try:
            answered = asyncio.run(self._answered())
        except (KafkaError, OSError, TimeoutError):
            return []
        return [what for what in standing if answered.issuperset(self._needed(what))]

    def _needed(self, what: str) -> list[TopicPartition]:
        if what.startswith(LOOP_BLOCKED):
            return []
        named = [at for at in self._places if f"{at.topic} {at.partition} " in what]
        return named or [at for at in self._places if f"partition {at.partition} " in what] or self._places

    async def _answered(self) -> set[TopicPartition]:
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        consumer = AIOKafkaConsumer(**self._connection, group_id=self._group, enable_auto_commit=False)
        try:
            async with asyncio.timeout_at(until):
                await consumer.start()
                with suppress(*_REFUSED):
                    await consumer.committed(self._places[0])
            asked = {at: loop.create_task(consumer.end_offsets([at])) for at in self._places}
            _, silent = await asyncio.wait(asked.values(), timeout=until - loop.time())
            for task in silent:
                task.cancel()
            return {at for at, task in asked.items() if task not in silent and _is_answer(task.exception())}
        finally:
            with suppress(TimeoutError):
                await asyncio.wait_for(consumer.stop(), STOPS_WITHIN)


def _is_answer(error: BaseException | None) -> bool:
    return error is None or isinstance(error, _REFUSED)
