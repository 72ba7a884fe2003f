"""Writing to the log in record batches, each acknowledged by all replicas before anything is built on it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

from .fence import Lease

Line = tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]
"""Key, value, headers (aiokafka insists on a list)."""

NO_HEADERS: list[tuple[str, bytes]] = []


class Sent(NamedTuple):
    """A batch under way: a future of its metadata (base offset), and how many records it has."""

    ack: Awaitable[Any]
    records: int


class Sender:
    """Sends batches with the worker's idempotent producer.

    A record that is larger than the producer allows breaks its sequence (engine.md 3), so every failure
    here ends the process; the caller does that.

    Args:
        producer: Returns the started aiokafka producer.
        lease: Checked before each send.
    """

    def __init__(self, producer: Callable[[], Any], lease: Lease) -> None:
        self._producer = producer
        self._lease = lease

    async def send(self, topic: str, partition: int, lines: Iterable[Line]) -> list[Sent]:
        """Hand the lines over, in order, in as few batches as possible; returns before they are acknowledged.

        Raises:
            LeaseExpiredError: if this worker may no longer own what it writes to.
        """
        self._lease.check()
        producer = self._producer()
        sent: list[Sent] = []
        batch, count = producer.create_batch(), 0
        for key, value, headers in lines:
            if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
                sent.append(await self._ship(producer, batch, topic, partition, count))
                batch, count = producer.create_batch(), 0
                batch.append(timestamp=None, key=key, value=value, headers=headers)
            count += 1
        if count:
            sent.append(await self._ship(producer, batch, topic, partition, count))
        return sent

    async def _ship(self, producer: Any, batch: Any, topic: str, partition: int, count: int) -> Sent:
        batch.close()
        return Sent(await producer.send_batch(batch, topic, partition=partition), count)


async def acknowledged(sent: Iterable[Sent]) -> None:
    """Wait until all batches are acknowledged; raises what the first failure was."""
    await asyncio.gather(*(batch.ack for batch in sent))
