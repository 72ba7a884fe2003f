"""Reads what stands on a broker, with librdkafka: a client that shares no code with the worker's.

Tests and benchmarks judge the worker by its topics; what they read with must not be what it writes with.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

ANSWER_SECONDS = 20.0
QUIET_SECONDS = 60.0
"""How long reading may go on without a record before it is given up."""


@dataclass(slots=True)
class Record:
    """A record, in the form that the core takes."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def open_reader(bootstrap: str, group: str = "reader") -> Consumer:
    """Connect a reader; it joins no group, the name only says whose commits `committed` asks for."""
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "log_level": 0,
        }
    )


def ends(reader: Consumer, topic: str, partitions: int) -> dict[int, int]:
    """Where the partitions of a topic end: the next offset of each."""
    return {p: _marks(reader, topic, p)[1] for p in range(partitions)}


def committed(reader: Consumer, topic: str, partitions: int) -> dict[int, int]:
    """What the reader's group has committed; partitions without a commit are left out."""
    asked = [TopicPartition(topic, p) for p in range(partitions)]
    return {
        at.partition: at.offset for at in reader.committed(asked, timeout=ANSWER_SECONDS) if at.offset >= 0
    }


def read_topic(bootstrap: str, topic: str, partitions: int) -> dict[int, list[Record]]:
    """Read everything in a topic, by partition, up to where it ends now.

    Raises:
        TimeoutError: the records do not come.
        confluent_kafka.KafkaException: the broker refuses.
    """
    found: dict[int, list[Record]] = {p: [] for p in range(partitions)}
    for record in each_record(bootstrap, topic, partitions):
        found[record.partition].append(record)
    return found


def each_record(bootstrap: str, topic: str, partitions: int) -> Iterator[Record]:
    """Read the same one by one, each partition in order: for topics that do not fit into memory.

    Raises:
        TimeoutError: the records do not come.
        confluent_kafka.KafkaException: the broker refuses.
    """
    reader = open_reader(bootstrap)
    try:
        marks = {p: _marks(reader, topic, p) for p in range(partitions)}
        yield from _read(reader, topic, marks)
    finally:
        reader.close()


def _read(reader: Consumer, topic: str, marks: Mapping[int, tuple[int, int]]) -> Iterator[Record]:
    open_ = {p for p, (first, end) in marks.items() if end > first}
    if open_:
        reader.assign([TopicPartition(topic, p, marks[p][0]) for p in open_])
    until = time.monotonic() + QUIET_SECONDS
    while open_:
        for record in _records(reader.consume(5000, timeout=0.2)):
            if record.offset < marks[record.partition][1]:
                yield record
            until = time.monotonic() + QUIET_SECONDS
        if time.monotonic() > until:
            raise TimeoutError(f"{topic}: partitions {sorted(open_)} were not read to their ends")
        places = reader.position([TopicPartition(topic, p) for p in open_])
        open_ -= {place.partition for place in places if place.offset >= marks[place.partition][1]}


def _records(messages: Iterable[Message]) -> Iterable[Record]:
    for message in messages:
        error = message.error()
        if error is None:
            yield _record(message)
        elif error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - that is its public name
            raise KafkaException(error)


def _record(message: Message) -> Record:
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None
    assert partition is not None
    assert offset is not None
    headers = [(name, value or b"") for name, value in message.headers() or []]
    return Record(topic, partition, offset, message.timestamp()[1], message.key(), message.value(), headers)


def _marks(reader: Consumer, topic: str, partition: int) -> tuple[int, int]:
    first, end = reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=ANSWER_SECONDS)
    return first, end
