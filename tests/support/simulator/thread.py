"""Stands for the thread in which Faust keeps aiokafka's consumer: here there is only one."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from aiokafka import TopicPartition

from agents.lane.consumer import LaneConsumerThread

from .fetching import SimKafka


class SimThread(LaneConsumerThread):
    """The thread in which the consumer would live."""

    def __init__(self, kafka: SimKafka, consumer: Any) -> None:
        self._kafka = kafka
        self.consumer = consumer

    def _ensure_consumer(self) -> SimKafka:
        return self._kafka

    async def call_thread(self, method: Callable[..., Any], *args: Any) -> Any:
        """Call; the order of turns is drawn elsewhere."""
        result = method(*args)
        return await result if isinstance(result, Awaitable) else result

    async def commit(self, offsets: Mapping[Any, int]) -> bool:
        """As the lane does it."""
        return bool(await self._commit(offsets))

    async def getmany(self, active_partitions: Iterable[Any], timeout: float) -> dict[Any, Any]:  # noqa: ASYNC109 - Faust's
        """Fetch."""
        wanted = [TopicPartition(tp.topic, tp.partition) for tp in active_partitions]
        return await self._kafka.getmany(wanted, timeout)

    def assignment(self) -> set[Any]:
        """What is assigned."""
        return self._kafka.assignment()
