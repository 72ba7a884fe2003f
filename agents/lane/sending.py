"""Writing to the log in record batches, each acknowledged by all replicas before anything is built on it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

from aiokafka.errors import MessageSizeTooLargeError

from ..errors import ConfigurationError
from .fence import Lease

Line = tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]
"""Key, value, headers (aiokafka insists on a list)."""

NO_HEADERS: list[tuple[str, bytes]] = []


class Sent(NamedTuple):
    """A batch under way.

    Attributes:
        ack: A future of its metadata.
        records: How many it has.
        topic: Where it goes.
        size: Its bytes.
    """

    ack: Awaitable[Any]
    records: int
    topic: str = ""
    size: int = 0

    async def offset(self) -> int:
        """Wait until all replicas have it; returns its first offset.

        Raises:
            ConfigurationError: the topic does not take as much at once. The same cut gives the same bytes
                again, so a restart alone does not help.
        """
        try:
            return int((await self.ack).offset)
        except MessageSizeTooLargeError:
            raise ConfigurationError(
                f"topic {self.topic} refuses a batch of {self.size:,} bytes: its max.message.bytes is less",
                "nothing is lost: raise it with Kafka's own tools, and start again: kafka-configs --alter "
                f"--entity-type topics --entity-name {self.topic} "
                f"--add-config max.message.bytes={2 * self.size}",
            ) from None


class Sender:
    """Sends batches with the worker's idempotent producer.

    A batch holds one record at least, however large that is: a customer's row with its outbox may be larger
    than all that usually go together (`streams.topics`). One that the broker refuses breaks the producer's
    sequence (engine.md 3), so every failure here ends the process; the caller does that.

    Args:
        producer: Returns the started aiokafka producer.
        lease: Waited for before each send.
        live: Whether that makes sense; while partitions move it does not.
        fenced: Whether somebody newer owns a partition. Nothing is handed over then, and whoever sends waits
            for the end of the process, which is the lane's to bring about: it knows with what code.
    """

    def __init__(
        self,
        producer: Callable[[], Any],
        lease: Lease,
        live: Callable[[], bool] = lambda: False,
        fenced: Callable[[], bool] = lambda: False,
    ) -> None:
        self._producer = producer
        self._lease = lease
        self._live = live
        self._fenced = fenced

    async def send(self, topic: str, partition: int, lines: Iterable[Line]) -> list[Sent]:
        """Hand the lines over, in order, in as few batches as possible; returns before they are acknowledged.

        Raises:
            LeaseExpiredError: if this worker may no longer own what it writes to.
        """
        await self._lease.wait(self._live)
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
        if self._fenced():
            await asyncio.Event().wait()
        batch.close()
        ack = await producer.send_batch(batch, topic, partition=partition)
        ack.add_done_callback(_heard)
        return Sent(ack, count, topic, batch.size())


def _heard(ack: asyncio.Future[Any]) -> None:
    """Look at a failure: whoever leaves while a batch is under way does not wait for it any more."""
    if not ack.cancelled():
        ack.exception()


async def acknowledged(sent: Iterable[Sent]) -> None:
    """Wait until all batches are acknowledged; raises what the first failure was."""
    await asyncio.gather(*(batch.offset() for batch in sent))
