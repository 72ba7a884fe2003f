"""Making, filling and reading topics with librdkafka: a client that shares no code with the worker's."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from random import Random

from confluent_kafka import Producer

from devkit.broker import EmbeddedBroker, KafkaCluster, RealKafka, records
from devkit.broker.records import Record, read_topic
from streams.topics import Catalogue, catalogue

__all__ = [
    "Load",
    "Record",
    "Steady",
    "committed",
    "customer",
    "each",
    "ends",
    "make_topics",
    "producer",
    "read_topic",
    "settled",
]


def make_topics(broker: RealKafka | KafkaCluster | EmbeddedBroker, prefix: str, partitions: int) -> Catalogue:
    topics = catalogue(prefix, partitions)
    if isinstance(broker, EmbeddedBroker):
        for topic in topics.all:
            broker.create_topic(topic.name, topic.partitions)
    else:
        broker.create_topics([(topic.name, topic.partitions, topic.config) for topic in topics.all])
    return topics


def ends(bootstrap: str, topic: str, partitions: int) -> dict[int, int]:
    """Where the partitions of a topic end."""
    with closing(records.open_reader(bootstrap)) as reader:
        return records.ends(reader, topic, partitions)


def committed(bootstrap: str, group: str, topic: str, partitions: int) -> dict[int, int]:
    """What a group has committed; partitions without a commit are left out."""
    with closing(records.open_reader(bootstrap, group)) as reader:
        return records.committed(reader, topic, partitions)


def producer(bootstrap: str) -> Producer:
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "linger.ms": 5,
            "enable.idempotence": True,
            "message.timeout.ms": 120_000,
            "log_level": 0,
        }
    )


def customer(number: int, partitions: int) -> tuple[bytes, int]:
    """A customer and the partition that is theirs; any fixed rule will do for the toy core."""
    return b"k%d" % number, number % partitions


class Load:
    """Events of some customers, spread over the inputs, out of order and with many equal times.

    Args:
        bootstrap: The broker.
        topics: The catalogue.
        rate: Events a second.
        customers: How many there are; a quarter of them is quiet at any time, so that silences come and go.
        seed: Of everything random.
    """

    def __init__(
        self, bootstrap: str, topics: Catalogue, rate: int = 1_000, customers: int = 400, seed: int = 1
    ) -> None:
        self._producer = producer(bootstrap)
        self._topics = topics
        self._rate = rate
        self._customers = customers
        self._random = Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.sent = 0

    def start(self) -> "Load":
        self._thread.start()
        return self

    def stop(self) -> int:
        """Stop, and return when all is acknowledged."""
        self._stop.set()
        if self._thread.ident is not None:  # it was started
            self._thread.join()
        assert self._producer.flush(60) == 0
        return self.sent

    def _run(self) -> None:
        while not self._stop.is_set():
            started = time.monotonic()
            self.burst(max(1, self._rate // 20), quiet=int(started // 3) % 4)
            self._stop.wait(max(0.0, 0.05 - (time.monotonic() - started)))

    def burst(self, count: int, quiet: int = 0, inputs: Sequence[int] = range(6)) -> None:
        now = int(time.time() * 1000)
        for _ in range(count):
            number = (
                self._random.randrange(self._customers // 4) * 4 + (quiet + self._random.randrange(3)) % 4
            )
            key, partition = customer(number, self._topics.control.partitions)
            value = b"bad" if self._random.random() < 0.01 else b"%d" % self.sent
            moment = (now - self._random.randrange(800)) // 20 * 20
            topic = self._topics.inputs[self._random.choice(inputs)].name
            self._producer.produce(topic, value, key, partition, timestamp=moment)
            self.sent += 1
        self._producer.poll(0)

    def everybody(self, inputs: Sequence[int]) -> int:
        """One event now for each customer; returns the time that all of them carry."""
        now = int(time.time() * 1000)
        for number in range(self._customers):
            key, partition = customer(number, self._topics.control.partitions)
            topic = self._topics.inputs[inputs[number % len(inputs)]].name
            self._producer.produce(topic, b"%d" % self.sent, key, partition, timestamp=now)
            self.sent += 1
        self._producer.poll(0)
        return now

    def flush(self) -> None:
        assert self._producer.flush(60) == 0


def settled(bootstrap: str, topics: Catalogue, group: str) -> Callable[[], bool]:
    """A condition: the group has committed the inputs up to their ends."""

    def condition() -> bool:
        count = topics.control.partitions
        for topic in topics.inputs:
            end = ends(bootstrap, topic.name, count)
            done = committed(bootstrap, group, topic.name, count)
            if any(end[p] > done.get(p, 0) for p in range(count)):
                return False
        return True

    return condition


def each(records: dict[int, list[Record]]) -> Iterator[Record]:
    for partition in sorted(records):
        yield from records[partition]


class Steady:
    """Every customer has an event again and again, never longer apart than the silence of the toy core.

    Args:
        load: Whose producer and customers are used.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self._inputs: Sequence[int] = range(6)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.stopped_at = 0

    def start(self) -> "Steady":
        self._thread.start()
        return self

    def one_topic_only(self) -> None:
        self._inputs = [2]

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._load.flush()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.stopped_at = self._load.everybody(self._inputs)
            self._stop.wait(0.25)
