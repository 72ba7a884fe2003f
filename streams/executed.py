"""What a cut did: rows, effects, rejects and accounts, whole or in portions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from .step import DUPLICATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Headers = list[tuple[str, bytes]]


class Record(Protocol):
    """One Kafka record of an input; aiokafka's ``ConsumerRecord`` is one."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Effect(NamedTuple):
    """A signal or command to be published, on the partition of its customer."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers


class Rejected(NamedTuple):
    """A record that could not be used, byte for byte, and why (headers)."""

    key: bytes | None
    value: bytes | None
    headers: Headers


class Counts:
    """What became of the records of one input: numbers and bytes, of keys and values (reliability.md I3).

    ``rejected_at`` are the places (from 1) of the rejects among the records read, in order.
    """

    __slots__ = (
        "accepted",
        "accepted_bytes",
        "duplicate",
        "duplicate_bytes",
        "ignored",
        "ignored_bytes",
        "read",
        "read_bytes",
        "rejected",
        "rejected_at",
        "rejected_bytes",
    )

    def __init__(self) -> None:
        self.read = self.read_bytes = 0
        self.accepted = self.duplicate = self.ignored = 0
        self.accepted_bytes = self.duplicate_bytes = self.ignored_bytes = 0
        self.rejected = self.rejected_bytes = 0
        self.rejected_at: list[int] = []

    def count(self, outcome: str, size: int) -> None:
        """Count one event of so many bytes by its outcome."""
        if outcome == DUPLICATE:
            self.duplicate += 1
            self.duplicate_bytes += size
        else:
            self.accepted += 1
            self.accepted_bytes += size

    def ignore(self, size: int) -> None:
        """Count one event that was applied before a crash."""
        self.ignored += 1
        self.ignored_bytes += size

    def add(self, later: Counts) -> None:
        """Take in the counts of a later portion of the same cut."""
        self.rejected_at += [self.read + place for place in later.rejected_at]
        self.read += later.read
        self.read_bytes += later.read_bytes
        self.accepted += later.accepted
        self.accepted_bytes += later.accepted_bytes
        self.duplicate += later.duplicate
        self.duplicate_bytes += later.duplicate_bytes
        self.ignored += later.ignored
        self.ignored_bytes += later.ignored_bytes
        self.rejected += later.rejected
        self.rejected_bytes += later.rejected_bytes


class Executed(NamedTuple):
    """What a cut, or a portion of one, did.

    Attributes:
        rows: changelog values by key, in order; None is a tombstone. Facts of the context come first.
        effects: signals and commands, in order. Those of a row are in the portion of the row.
        rejects: records that could not be used.
        counts: by full topic name. Those of a cut's portions add up to the cut's; a record may be read in
            one portion and accepted in a later one.
    """

    rows: dict[bytes, bytes | None]
    effects: list[Effect]
    rejects: list[Rejected]
    counts: dict[str, Counts]


def merged(portions: Iterable[Executed]) -> Executed:
    """All portions of a cut as one."""
    whole = Executed({}, [], [], {})
    for part in portions:
        whole.rows.update(part.rows)
        whole.effects.extend(part.effects)
        whole.rejects.extend(part.rejects)
        for name, counts in part.counts.items():
            if name in whole.counts:
                whole.counts[name].add(counts)
            else:
                whole.counts[name] = counts
    return whole
