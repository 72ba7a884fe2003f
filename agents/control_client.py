"""Speaks to control: publishes facts to every partition, and moves an external clock tick by tick.

Who ticks sends nothing more until the cut made for the tick stands on control in every partition
(``wire.md``, Control). A replay does that thousands of times, so one consumer stays open and reads control as
it grows; which of the cuts on it are valid is the lane's rule, not one of our own.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.topics import Catalogue
from streams.wire.control import ControlRecord, Tick, encode
from streams.wire.facts import InForce, fact_records
from streams.wire.times import format_time

from .adapters.kafka import Untyped, client_options, connected
from .errors import CommandFailedError
from .lane.following import Follower
from .settings import Settings
from .topics import verify

_TAIL: Final = 1_000  # control records read at the start, to know epoch, number and time of each partition
_POLL_MS: Final = 10  # the embedded broker does not wake a waiting fetch; a real one does, and pays nothing


class ControlClient:
    """Sends records to all partitions of control; made by ``connect``."""

    def __init__(
        self, settings: Settings, catalogue: Catalogue, producer: Untyped, stack: AsyncExitStack
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._producer = producer
        self._stack = stack
        self._consumer: Untyped = None
        self._readers = {number: Follower() for number in range(catalogue.control.partitions)}

    @classmethod
    @asynccontextmanager
    async def connect(cls, settings: Settings, catalogue: Catalogue) -> "AsyncGenerator[ControlClient]":
        """Check that the topics fit, and connect.

        Raises:
            ConfigurationError: control or facts is missing or does not fit.
            InfrastructureError: Kafka cannot be reached.
        """
        await verify(settings, [catalogue.control, catalogue.facts])
        async with AsyncExitStack() as stack:
            options = client_options(settings.kafka)
            producer = AIOKafkaProducer(
                **options, acks="all", enable_idempotence=True, max_request_size=4_000_000
            )
            await stack.enter_async_context(connected(producer, producer.stop, settings.kafka))
            yield cls(settings, catalogue, producer, stack)

    async def publish(self, fact: InForce) -> dict[int, int]:
        """Put a fact in force: on control for the partitions, then on facts for those who come later.

        Returns:
            The control offset from which it holds, by partition; all of it is acknowledged.
        """
        offsets = await self._send_to_all(fact)
        for key, value in fact_records(fact):
            await self._producer.send_and_wait(self._catalogue.facts.name, value, key=key, partition=0)
        return offsets

    async def time(self) -> int:
        """The latest time (ms) of any partition by the cuts on control, 0 where none stands yet."""
        await self._reading()
        return max(reader.at for reader in self._readers.values())

    async def tick_and_wait(self, at: int, within: float = 60.0) -> None:
        """Say that everything sent so far happened before `at`; return when all partitions know it.

        A partition that is at `at` already is left alone, so that an interrupted tick can be said again.

        Args:
            at: the moment (ms since 1970), later than any before.
            within: seconds to wait for the cuts.

        Raises:
            CommandFailedError: a partition is past `at`, or not all cuts were made in time.
        """
        consumer = await self._reading()
        ahead = {number: reader.at for number, reader in self._readers.items() if reader.at > at}
        if ahead:
            number, theirs = next(iter(ahead.items()))
            raise CommandFailedError(
                f"time moves only forward: partition {number} is at {format_time(theirs)} already",
                f"tick later than that, not at {format_time(at)}",
            )
        targets = [number for number, reader in self._readers.items() if reader.at < at]
        waiting = await self._send_to(targets, Tick(at=at))
        end = asyncio.get_running_loop().time() + within
        while waiting:
            left = end - asyncio.get_running_loop().time()
            if left <= 0:
                raise CommandFailedError(
                    f"no cut for the tick {format_time(at)} on partitions {sorted(waiting)} in {within:g} s",
                    "is a worker running, with HOLDFAST_CLOCK=external? Its /readyz and log say more",
                )
            for number in await self._read(consumer, left):
                if self._readers[number].answered == waiting.get(number, -1):
                    del waiting[number]

    async def _send_to_all(self, record: ControlRecord) -> dict[int, int]:
        return await self._send_to(list(self._readers), record)

    async def _send_to(self, partitions: list[int], record: ControlRecord) -> dict[int, int]:
        topic, key, value = self._catalogue.control.name, record.kind.encode(), encode(record)
        sent = [await self._producer.send(topic, value, key=key, partition=number) for number in partitions]
        acked = await asyncio.gather(*sent)
        return {number: answer.offset for number, answer in zip(partitions, acked, strict=True)}

    async def _reading(self) -> Untyped:
        """The consumer, opened at the first tick and read to the end as it was then."""
        if self._consumer is not None:
            return self._consumer
        consumer = AIOKafkaConsumer(
            **client_options(self._settings.kafka),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=_POLL_MS,
        )
        await self._stack.enter_async_context(connected(consumer, consumer.stop, self._settings.kafka))
        partitions = [TopicPartition(self._catalogue.control.name, number) for number in self._readers]
        consumer.assign(partitions)
        starts, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
        for partition in partitions:
            consumer.seek(partition, max(starts[partition], ends[partition] - _TAIL))
        while not await _is_read(consumer, ends):
            await self._read(consumer, 0.5)
        self._consumer = consumer
        return consumer

    async def _read(self, consumer: Untyped, seconds: float) -> list[int]:
        """Read what is there; gives the partitions on which a cut was read."""
        fetched = await consumer.getmany(timeout_ms=int(min(seconds, 0.5) * 1000) + 1)
        seen = []
        for partition, records in fetched.items():
            reader = self._readers[partition.partition]
            seen += [partition.partition for record in records if reader.read(record.offset, record.value)]
        return seen


async def _is_read(consumer: Untyped, ends: Mapping[Any, int]) -> bool:
    positions = [await consumer.position(partition) >= end for partition, end in ends.items()]
    return all(positions)
