"""The replay against a broker, with a pretended worker that answers each tick with a cut, and remembers."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from click.testing import CliRunner

from agents.cli import cli
from agents.errors import CommandFailedError
from agents.replay.history import read_history
from agents.replay.kafka import open_line
from agents.replay.schedule import Pace, with_ticks
from agents.replay.sender import Sent, send
from agents.settings.model import Kafka, Settings
from devkit.broker import EmbeddedBroker
from streams.topics import Catalogue, catalogue
from streams.wire.control import Cut, Tick, decode_control, encode
from streams.wire.partition import partition_of
from streams.wire.times import DAY, HOUR, parse_time

PARTITIONS = 4
TOPICS = catalogue("replayed", PARTITIONS, ())
START = parse_time("2026-03-01T00:00:00.000Z")

Place = tuple[str, int]


class PretendedOwner:
    """Owns every partition; for each tick it notes where the inputs end, and writes the cut."""

    def __init__(self, consumer: Any, producer: Any) -> None:  # noqa: ANN401 - aiokafka is untyped
        self._consumer, self._producer = consumer, producer
        self._cuts = {number: (0, dict.fromkeys(self._inputs(), 0)) for number in range(PARTITIONS)}
        self.ends: list[tuple[int, int, int]] = []  # (partition, at, records of the inputs before it)

    @staticmethod
    def _inputs() -> list[str]:
        return [topic.name for topic in TOPICS.inputs]

    async def works(self) -> None:
        while True:
            for place, records in (await self._consumer.getmany(timeout_ms=1000)).items():
                for record in records:
                    tick = decode_control(record.value)
                    if isinstance(tick, Tick):
                        await self._answers(place.partition, record.offset, tick.at)

    async def _answers(self, partition: int, offset: int, at: int) -> None:
        places = [TopicPartition(name, partition) for name in self._inputs()]
        found = await self._consumer.end_offsets(places)
        ends = {place.topic: end for place, end in found.items()}
        n, start = self._cuts[partition]
        cut = Cut(epoch=1, n=n + 1, at=at, from_=start, ends=ends, tick=offset)
        self._cuts[partition] = (n + 1, ends)
        self.ends.append((partition, at, sum(ends.values())))
        await self._producer.send_and_wait(TOPICS.control.name, encode(cut), key=b"cut", partition=partition)


@asynccontextmanager
async def pretended_owner(bootstrap: str) -> AsyncGenerator[PretendedOwner]:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=10
    )
    await producer.start()
    await consumer.start()
    consumer.assign([TopicPartition(TOPICS.control.name, number) for number in range(PARTITIONS)])
    owner = PretendedOwner(consumer, producer)
    work = asyncio.create_task(owner.works())
    try:
        yield owner
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await consumer.stop()
        await producer.stop()


@pytest.fixture
def broker(embedded: EmbeddedBroker) -> EmbeddedBroker:
    for topic in TOPICS.all:
        embedded.create_topic(topic.name, topic.partitions)
    return embedded


@pytest.fixture
def history(tmp_path: Path) -> Path:
    file = tmp_path / "history.csv"
    lines = ["customer_id,occurred_at,type,amount"]
    lines += [
        f"c{number},2026-03-0{day + 1}T{number:02d}:00:00Z,purchase,{number}.50"
        for day in (0, 1, 3)
        for number in range(20)
    ]
    file.write_text("\n".join(lines))
    return file


def settings(broker: EmbeddedBroker) -> Settings:
    return Settings(kafka=Kafka(bootstrap_servers=(broker.bootstrap,)))


async def play(broker: EmbeddedBroker, file: Path, seconds: float = 30) -> Sent:
    async with open_line(settings(broker), TOPICS, seconds) as line:
        return await send(with_ticks(read_history([file]), Pace(PARTITIONS)), line)


async def everything(broker: EmbeddedBroker, topics: Catalogue) -> dict[Place, list[Any]]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=10
    )
    await consumer.start()
    try:
        places = [TopicPartition(t.name, n) for t in topics.inputs for n in range(t.partitions)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        found: dict[Place, list[Any]] = {(place.topic, place.partition): [] for place in places}
        while any(len(found[place.topic, place.partition]) < end for place, end in ends.items()):
            for place, records in (await consumer.getmany(timeout_ms=1000)).items():
                found[place.topic, place.partition] += records
        return found
    finally:
        await consumer.stop()


async def test_every_event_arrives_once_on_the_partition_of_its_customer(
    broker: EmbeddedBroker, history: Path
) -> None:
    async with pretended_owner(broker.bootstrap):
        sent = await play(broker, history)

    found = await everything(broker, TOPICS)
    wanted = [(event.key, event.value) for event in read_history([history])]
    arrived = [(r.key, r.value) for records in found.values() for r in records]
    assert sorted(arrived) == sorted(wanted)
    assert sent.events == len(wanted) == 60
    assert all(
        number == partition_of(record.key, PARTITIONS)
        for (_, number), records in found.items()
        for record in records
    )


async def test_nothing_is_sent_before_the_cut_of_the_tick_stands_in_every_partition(
    broker: EmbeddedBroker, history: Path
) -> None:
    async with pretended_owner(broker.bootstrap) as owner:
        sent = await play(broker, history)

    events = list(read_history([history]))
    for partition, at, records in owner.ends:
        before = [e for e in events if e.occurred_at < at and partition_of(e.key, PARTITIONS) == partition]
        assert records == len(before)
    assert sent.ticks == 3 * 24 + 20  # from the first hour of the first day to the last event's own
    moments = [at for partition, at, _ in owner.ends if partition == 0]
    assert all(later - earlier == HOUR for earlier, later in pairwise(moments))
    assert moments[-1] == sent.at == START + 3 * DAY + 20 * HOUR


async def test_a_tick_that_nobody_answers_is_an_error_that_says_what_is_missing(
    broker: EmbeddedBroker, history: Path
) -> None:
    with pytest.raises(CommandFailedError, match=r"partitions \[0, 1, 2, 3\](.|\n)*is a worker running"):
        await play(broker, history, 0.2)


async def test_a_history_that_lies_before_the_partitions_time_is_refused(
    broker: EmbeddedBroker, history: Path
) -> None:
    async with pretended_owner(broker.bootstrap):
        await play(broker, history)
        with pytest.raises(CommandFailedError, match=r"have reached 2026-03-04T20:00:00\.000Z"):
            await play(broker, history)


@pytest.fixture
def flawed(history: Path) -> Path:
    history.write_text(history.read_text() + "\nc1,2026-03-05T00:00:00Z,purchase,much\n")
    return history


async def test_the_command_sends_what_it_can_read_and_lists_what_it_left_out(
    broker: EmbeddedBroker, flawed: Path
) -> None:
    given = [
        f"kafka.bootstrap_servers={broker.bootstrap}",
        "topics.prefix=replayed",
        f"topics.partitions={PARTITIONS}",
    ]
    arguments = [part for pair in given for part in ("--set", pair)]
    async with pretended_owner(broker.bootstrap):
        result = await asyncio.to_thread(
            CliRunner().invoke, cli, [*arguments, "replay", "--skip-bad", "--tick", "6h", str(flawed)]
        )
    assert result.exception is None, result.output
    assert "60 events and 16 ticks sent" in result.output
    assert "history.csv:62: no amount: 'much'" in result.output
