"""A lane that owns one partition of the toy core, over a producer that notes what it is given."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from agents.lane.consumer import LaneConsumer
from agents.lane.core import Core
from agents.lane.lane import Lane
from agents.lane.partition import Claim, OwnedPartition
from agents.lane.proposing import Pace
from agents.settings.model import Settings
from streams.topics import catalogue
from streams.wire.control import Cut, encode
from tests.support.topics import Record
from tests.support.toy_core import PORTION, ToyPartition

if TYPE_CHECKING:
    from agents.lane.stop import End

TOPICS = catalogue("t", 1)
NAMES = [topic.name for topic in TOPICS.inputs]
CONTROL = TOPICS.control.name
CHANGELOG = TOPICS.changelog.name
EPOCH = 10


class Batch:
    """Takes everything."""

    def __init__(self) -> None:
        self.keys: list[bytes] = []

    def append(self, *, key: bytes, **_: object) -> object:
        self.keys.append(key)
        return self

    def close(self) -> None:
        """Nothing more goes in."""

    def size(self) -> int:
        return len(self.keys)


class Producer:
    """Acknowledges at once, and notes topic and keys.

    Attributes:
        sent: What was handed over.
        before: Called with each batch's topic before it is taken.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[str, list[bytes]]] = []
        self.before: Callable[[str], None] = lambda _topic: None
        self._next = {CHANGELOG: EPOCH + 1}

    def create_batch(self) -> Batch:
        return Batch()

    async def send_batch(self, batch: Batch, topic: str, partition: int) -> "asyncio.Future[Any]":
        assert partition == 0
        self.before(topic)
        self.sent.append((topic, batch.keys))
        offset = self._next.get(topic, 0)
        self._next[topic] = offset + len(batch.keys)
        ack = asyncio.get_running_loop().create_future()
        ack.set_result(SimpleNamespace(offset=offset))
        return ack


class Consumer(LaneConsumer):
    """Commits into a list."""

    def __init__(self, lane: Lane, producer: Producer) -> None:
        self.app = SimpleNamespace(
            producer=SimpleNamespace(_producer=producer), consumer_generation_id=1, client_only=False
        )
        self.lane = lane
        lane.consumer = self
        self.done = {}


def partition(core: Core) -> OwnedPartition:
    """One that is recovered, and has nothing."""
    claim = Claim(EPOCH, 0, 0, 0, None, dict.fromkeys(NAMES, 0))
    owned = OwnedPartition(0, core, claim, Pace(0.02, 5_000), 20_000)
    owned.live()
    return owned


def owning(end: Callable[[BaseException, str], None]) -> tuple[Lane, Producer]:
    """A live lane that owns partition 0, and what it sends with."""
    lane = Lane(Settings(), TOPICS, lambda _number: ToyPartition(0, TOPICS), {}, end=cast("End", end))
    producer = Producer()
    Consumer(lane, producer)
    lane.partitions[0] = partition(ToyPartition(0, TOPICS))
    lane.held = True
    lane.go()
    return lane, producer


def bring(lane: Lane, cuts: int = 1) -> None:
    """Records of several portions for each of so many cuts, and the cuts."""
    owned, size = lane.partitions[0], 3 * PORTION
    began = owned.log.n
    records = [Record(NAMES[0], 0, n, 0, b"k%d" % n, b"x", []) for n in range(began * size, cuts * size)]
    lane.take(NAMES[0], 0, records)
    for n in range(began, cuts):
        start, ends = (dict.fromkeys(NAMES, 0) | {NAMES[0]: m * size} for m in (n, n + 1))
        cut = Cut(epoch=EPOCH, n=n + 1, at=n + 1, from_=start, ends=ends)
        lane.take(CONTROL, 0, [Record(CONTROL, 0, n, 0, b"cut", encode(cut), [])])


def fence(lane: Lane) -> None:
    """Have a cut of a newer owner stand on control."""
    cut = Cut(epoch=EPOCH + 5, n=9, at=9, from_=dict.fromkeys(NAMES, 0), ends=dict.fromkeys(NAMES, 0))
    lane.take(CONTROL, 0, [Record(CONTROL, 0, 99, 0, b"cut", encode(cut), [])])
