"""A client that notes when signals and commands can be read, and how long after their cause that is.

A thread of its own with librdkafka's consumer: no group, read_committed, `fetch.min.bytes` 1, so that the
broker answers as soon as there is something. The moment is taken before a batch is decoded. What is noted is
the moment in the record, `at`: of the event that caused it, or of the deadline.
"""

import threading
import time
from array import array
from collections.abc import Mapping, Sequence
from contextlib import closing
from http.client import HTTPConnection
from typing import NamedTuple, Self

import msgspec
from confluent_kafka import TopicPartition

from devkit.broker.records import open_reader
from streams.topics import Catalogue
from streams.wire.times import parse_time

from .load import now

CLIENT = "librdkafka's consumer, fetch.min.bytes 1, read_committed, no group"


class _Said(msgspec.Struct):
    action: str
    at: str
    kind: str | None = None


_decode = msgspec.json.Decoder(_Said).decode


class Quantiles(NamedTuple):
    """Of how many, the median, the 99th percentile and the largest (ms)."""

    number: int
    p50: float
    p99: float
    largest: float


class Heard:
    """Causes and delays of one kind (``command``, or the kind of a signal that opened)."""

    def __init__(self) -> None:
        self.at = array("q")
        self.delay = array("q")

    def quantiles(self, since: int = 0, until: int = 1 << 62, less: int = 0) -> Quantiles | None:
        """Of what was caused from one moment (ms) to another; ``less`` is taken from each delay."""
        found = sorted(
            delay - less for at, delay in zip(self.at, self.delay, strict=True) if since <= at < until
        )
        return quantiles(found)


def quantiles(values: Sequence[float]) -> Quantiles | None:
    """Of values in order; None of none."""
    if not values:
        return None
    last = len(values) - 1
    return Quantiles(len(values), values[round(last * 0.5)], values[round(last * 0.99)], values[-1])


class Listener:
    """Listens from now on, until the end of the `with` block."""

    def __init__(self, bootstrap: str, topics: Catalogue) -> None:
        self._bootstrap = bootstrap
        self._places = [
            TopicPartition(topic.name, p, -1)  # -1: from the end
            for topic in (topics.signals, *topics.commands.values())
            for p in range(topic.partitions)
        ]
        self._stop, self._begun = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.heard: dict[str, Heard] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        self._begun.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def of(self, kind: str) -> Heard:
        """What was heard of a kind."""
        return self.heard.get(kind, _NOTHING)

    def count(self, kind: str) -> int:
        """How many of a kind."""
        return len(self.of(kind).at)

    def _run(self) -> None:
        with closing(open_reader(self._bootstrap)) as reader:
            self._assign(reader)
            self._begun.set()
            while not self._stop.is_set():
                messages = reader.consume(10_000, timeout=0.001) or reader.consume(1, timeout=0.2)
                read = now()
                for message in messages:
                    self._note(message.value(), read)

    def _assign(self, reader: object) -> None:
        ends = []
        for place in self._places:
            place.offset = reader.get_watermark_offsets(place, timeout=20)[1]  # type: ignore[attr-defined]
            ends.append(place)
        reader.assign(ends)  # type: ignore[attr-defined]

    def _note(self, value: bytes | None, read: int) -> None:
        if value is None:
            return
        said = _decode(value)
        if said.action not in {"opened", "send"}:
            return
        kind = said.kind or "command"
        heard = self.heard.get(kind)
        if heard is None:
            heard = self.heard[kind] = Heard()
        at = parse_time(said.at)
        heard.at.append(at)
        heard.delay.append(read - at)


_NOTHING = Heard()


class Prober:
    """Asks a worker's admin server again and again how it is: a late answer is a loop that stood still.

    It measures from outside, so it also sees the waiting for a core that others use.

    Args:
        address: of the admin server.
        every: seconds between two questions; each costs the worker about a third of a millisecond.
    """

    def __init__(self, address: str, every: float = 0.02) -> None:
        host, _, port = address.removeprefix("http://").partition(":")
        self._host, self._port, self._every = host, int(port), every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.answers: list[float] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def quantiles(self) -> Quantiles | None:
        """How long answers took (ms)."""
        return quantiles(sorted(self.answers))

    def _run(self) -> None:
        connection = HTTPConnection(self._host, self._port, timeout=30)
        with closing(connection):
            while not self._stop.wait(self._every):
                begun = time.monotonic()
                connection.request("GET", "/livez")
                connection.getresponse().read()
                self.answers.append((time.monotonic() - begun) * 1000)


def spread(before: Mapping[str, float], after: Mapping[str, float], histogram: str) -> float:
    """The upper bound (s) of the highest bucket of a histogram into which anything fell in between."""
    name = f'{histogram}_bucket{{le="'
    counts = {
        float(key.removeprefix(name).removesuffix('"}')): value - before.get(key, 0)
        for key, value in after.items()
        if key.startswith(name)
    }
    bounds = sorted(counts)
    total = counts[bounds[-1]]
    return next(bound for bound in bounds if counts[bound] >= total)
