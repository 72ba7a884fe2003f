"""The replay's end of Kafka: events in record batches, ticks to every partition, and the cuts that answer."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.topics import Catalogue
from streams.wire.control import Cut, Tick, decode_control, encode

from ..adapters.kafka import client_options, connected
from ..errors import CommandFailedError
from ..settings.model import Kafka
from .answers import Answers
from .schedule import Placed

_BATCH_BYTES = 500_000
_FETCH_WAIT_MS = 10
"""The embedded broker does not wake a waiting fetch; Kafka does, and loses nothing by a short wait."""

_POLL_MS = 1_000
_LOOK_BACK = 100
"""Records of each control partition that are read before the first tick, to know the partition's time."""


class Line:
    """Both directions of a replay; made by `open_line`.

    Args:
        producer: started, idempotent.
        consumer: started, assigned to all of control.
        catalogue: of the topics.
        seconds: how long an answer to a tick may take.
    """

    def __init__(
        self,
        producer: Any,  # noqa: ANN401 - aiokafka is untyped
        consumer: Any,  # noqa: ANN401 - as above
        catalogue: Catalogue,
        seconds: float,
    ) -> None:
        self._producer, self._consumer, self._seconds = producer, consumer, seconds
        self._names = {short: catalogue.name(f"events.{short}") for short in _shorts(catalogue)}
        self._control = catalogue.control.name
        self.partitions = catalogue.control.partitions
        self.answers = Answers(self.partitions)
        self._batches: dict[tuple[str, int], Any] = {}
        self._sent: list[asyncio.Future[Any]] = []

    async def add(self, placed: Placed) -> None:
        """Put an event into its batch; a full batch leaves."""
        event, partition = placed
        place = (self._names[event.topic], partition)
        batch = self._batches.get(place)
        if batch is None:
            batch = self._batches[place] = self._producer.create_batch()
        # Stamped by the wall clock, not by event time: retention must not take a history for old data.
        if batch.append(timestamp=None, key=event.key, value=event.value) is None:
            await self._ship(place)
            await self.add(placed)  # the first record of a batch is accepted at any size

    async def flush(self) -> None:
        """Send what is left, and wait until all of it is acknowledged."""
        for place in list(self._batches):
            await self._ship(place)
        await asyncio.gather(*self._sent)
        self._sent.clear()

    async def tick(self, at: int) -> None:
        """Send a tick to every partition."""
        value = encode(Tick(at=at))
        futures = [
            await self._producer.send(self._control, value=value, key=b"tick", partition=number)
            for number in range(self.partitions)
        ]
        for number, metadata in enumerate(await asyncio.gather(*futures)):
            self.answers.asked(number, metadata.offset)

    async def settled(self, under_way: int = 0) -> None:
        """Read control until at most so many ticks have no cut in some partition.

        Raises:
            CommandFailedError: nobody answers.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + self._seconds
        while self.answers.under_way > under_way:
            if await self._read():
                until = clock() + self._seconds
            elif clock() > until:
                raise self._nobody()

    async def catch_up(self) -> None:
        """Read the newest cuts that stand on control already."""
        ends = await self._consumer.end_offsets(self._consumer.assignment())
        begins = await self._consumer.beginning_offsets(self._consumer.assignment())
        for place, end in ends.items():
            self._consumer.seek(place, max(begins[place], end - _LOOK_BACK))
        while any([await self._consumer.position(place) < end for place, end in ends.items()]):
            await self._read()

    async def _read(self) -> bool:
        """Read what has come on control; tell whether a cut was among it."""
        found = False
        for place, records in (await self._consumer.getmany(timeout_ms=_POLL_MS)).items():
            for record in records:
                if record.key in {None, b"cut"} and isinstance(cut := decode_control(record.value), Cut):
                    self.answers.saw(place.partition, cut)
                    found = True
        return found

    async def _ship(self, place: tuple[str, int]) -> None:
        batch = self._batches.pop(place)
        batch.close()
        self._sent.append(await self._producer.send_batch(batch, place[0], partition=place[1]))

    def _nobody(self) -> CommandFailedError:
        numbers = ", ".join(map(str, self.answers.silent()))
        return CommandFailedError(
            f"no cut answered the tick within {self._seconds:.0f} s in partition {numbers}",
            "is a worker running, with HOLDFAST_CLOCK=external? (python -m agents worker detect)",
        )


def _shorts(catalogue: Catalogue) -> list[str]:
    return [topic.short.removeprefix("events.") for topic in catalogue.inputs]


@asynccontextmanager
async def open_line(kafka: Kafka, catalogue: Catalogue, seconds: float = 120.0) -> AsyncGenerator[Line]:
    """Connect a replay.

    Args:
        kafka: how to reach the brokers.
        catalogue: the topics, compared with those of the cluster already (`agents.topics.verify`).
        seconds: how long an answer to a tick may take.

    Raises:
        InfrastructureError: Kafka cannot be reached.
    """
    options = client_options(kafka)
    producer = AIOKafkaProducer(
        **options, acks="all", enable_idempotence=True, max_batch_size=_BATCH_BYTES, linger_ms=0
    )
    consumer = AIOKafkaConsumer(
        **options, enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=_FETCH_WAIT_MS
    )
    async with connected(producer, producer.stop, kafka), connected(consumer, consumer.stop, kafka):
        numbers = range(catalogue.control.partitions)
        consumer.assign([TopicPartition(catalogue.control.name, number) for number in numbers])
        line = Line(producer, consumer, catalogue, seconds)
        await line.catch_up()
        yield line
