"""The promised proof: a history through the worker gives, byte for byte, what the core alone gives.

The expectation comes from `streams.offline`, single-threaded and without Kafka, fed with the same files
through the replay's own reading and ticks. What stands on the topics is read by a client of its own.
Signals and commands are compared whole: topic, key, value and headers. A killed worker may repeat itself,
byte for byte; so sets are compared, and for each customer the order in which things were first said.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from agents.replay import Mapping as Columns
from agents.replay import read_history
from agents.replay.schedule import Pace, TickAt, with_ticks
from devkit.broker.records import Record, read_topic
from streams.offline import Offline
from streams.timeline import Effect
from streams.topics import Catalogue
from streams.wire.times import parse_duration

Sent = tuple[str, bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]
"""A signal or command: topic, key, value, headers."""


class History(NamedTuple):
    """Files, and how they are played.

    Attributes:
        files: in the order in which the replay is given them.
        tick: event time between two ticks, as `--tick` takes it.
        beyond: event time to go on after the last event, as `--beyond` takes it.
        source: of the events.
        currency: of the amounts.
    """

    files: Sequence[Path]
    tick: str = "1h"
    beyond: str = "0s"
    source: str = "cdnow"
    currency: str = "USD"

    def arguments(self) -> list[str]:
        """The arguments of `python -m agents replay`."""
        options = ["--source", self.source, "--currency", self.currency]
        return [*options, "--tick", self.tick, "--beyond", self.beyond, *map(str, self.files)]


@dataclass
class Expected:
    """What the core alone says to a history.

    Attributes:
        sent: signals and commands, in order for each partition.
        events: played.
        ticks: played.
        rejects: records that were none.
        cpu_seconds: of reading the files and of the core together.
    """

    sent: list[Sent] = field(default_factory=list)
    events: int = 0
    ticks: int = 0
    rejects: int = 0
    cpu_seconds: float = 0.0


@dataclass
class Comparison:
    """What is on the topics against what was expected; equal when the first three are empty."""

    missing: list[Sent]
    extra: list[Sent]
    out_of_order: list[bytes | None]
    expected: int
    repeated: int

    @property
    def equal(self) -> bool:
        """Whether nothing is missing, nothing is there that should not be, and all is in order."""
        return not (self.missing or self.extra or self.out_of_order)

    def summary(self) -> str:
        """One line of numbers, and the first of what differs."""
        told = (
            f"{self.expected} expected, {len(self.missing)} missing, {len(self.extra)} extra, "
            f"{len(self.out_of_order)} customers out of order, {self.repeated} repeated"
        )
        if self.equal:
            return told
        return f"{told}\nmissing {self.missing[:2]}\nextra {self.extra[:2]}\norder {self.out_of_order[:2]}"


def expect(history: History, topics: Catalogue) -> Expected:
    """Play a history through the core alone."""
    begun = time.process_time()
    offline, found = Offline(topics), Expected()
    columns = Columns(source=history.source, currency=history.currency)
    pace = Pace(topics.control.partitions, parse_duration(history.tick), parse_duration(history.beyond))
    for step in with_ticks(read_history(history.files, columns), pace):
        if isinstance(step, TickAt):
            found.ticks += 1
            found.sent += map(_effect, offline.tick(step.at))
        else:
            found.events += 1
            offline.send(step.event.topic, step.event.key, step.event.value)
    found.rejects = len(offline.rejects)
    found.cpu_seconds = time.process_time() - begun
    return found


def published(bootstrap: str, topics: Catalogue) -> list[Sent]:
    """Read all signals and commands, in order for each topic partition."""
    return [
        _record(record)
        for topic in (topics.signals, *topics.commands.values())
        for _, records in sorted(read_topic(bootstrap, topic.name, topic.partitions).items())
        for record in records
    ]


def compare(expected: Sequence[Sent], found: Sequence[Sent]) -> Comparison:
    """Compare; something repeated byte for byte counts once."""
    wanted, seen = set(expected), set(found)
    ours, theirs = _by_customer(expected), _by_customer(dict.fromkeys(found))
    return Comparison(
        missing=sorted(wanted - seen, key=repr),
        extra=sorted(seen - wanted, key=repr),
        out_of_order=[place[1] for place, said in ours.items() if theirs.get(place) != said],
        expected=len(wanted),
        repeated=len(found) - len(seen),
    )


def _by_customer(said: Iterable[Sent]) -> Mapping[tuple[str, bytes | None], list[Sent]]:
    found: dict[tuple[str, bytes | None], list[Sent]] = {}
    for item in said:
        found.setdefault((item[0], item[1]), []).append(item)
    return found


def _effect(effect: Effect) -> Sent:
    return (effect.topic, effect.key, effect.value, tuple(effect.headers))


def _record(record: Record) -> Sent:
    return (record.topic, record.key, record.value, tuple(record.headers))
