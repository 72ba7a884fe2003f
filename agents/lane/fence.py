"""One writer per partition, enforced in the log (design.md 5).

A new owner appends a marker to its changelog partition; the marker's offset is its epoch. Values of an
older epoch than the newest marker before them were written by a fenced owner: they do not count, and the
new owner writes these keys again. The owner is the only writer, so the offsets of its acknowledged batches
follow one another; a gap is read at once. A marker in it means that somebody newer owns the partition. The
lease holds most zombies back before they write; it is neither sufficient nor necessary, but cheap.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from streams.wire import row

from ..errors import InfrastructureError
from .core import Record
from .cuts import FencedError
from .twins import Twins

MARK = b"\x00mark"
"""The changelog key that an idle owner writes now and then, so that a gap is seen in time."""

EPOCH_HEADER = "epoch"
"""A tombstone has no value to carry its epoch, so a header does."""


def tombstone_headers(epoch: int) -> list[tuple[str, bytes]]:
    """The headers of a tombstone."""
    return [(EPOCH_HEADER, epoch.to_bytes(8, "big"))]


def epoch_of(record: Record) -> int | None:
    """The epoch in which a changelog record (no marker) was written; ``None`` for a stranger's tombstone.

    Raises:
        streams.wire.row.StoredFormError: if this version cannot read the value.
    """
    if record.value is not None:
        row.check_format(record.value)
        return row.epoch_of(record.value)
    for name, value in record.headers:
        if name == EPOCH_HEADER:
            return int.from_bytes(value, "big")
    return None


class EpochFilter:
    """Tells, in log order, which changelog records count.

    Attributes:
        newest: The newest epoch seen.
        stale: Keys whose last record came from a fenced owner: the new owner writes them again.
        dropped: How many records did not count.
    """

    __slots__ = ("dropped", "newest", "stale")

    def __init__(self) -> None:
        self.newest = -1
        self.stale: set[bytes] = set()
        self.dropped = 0

    def counts(self, record: Record) -> bool:
        """Whether a record is to be applied; markers and marks are not, and are taken note of.

        Raises:
            streams.wire.row.StoredFormError: if this version cannot read the value.
        """
        key = record.key
        if key == row.MARKER or key is None:
            self.newest = max(self.newest, record.offset) if key is not None else self.newest
            return False
        epoch = epoch_of(record)
        if epoch is not None:
            if epoch < self.newest:
                self.dropped += 1
                self.stale.add(key)
                return False
            self.newest = epoch
        self.stale.discard(key)
        return key != MARK


class Gap(NamedTuple):
    """Offsets that somebody else wrote: ``start`` included, ``end`` not."""

    start: int
    end: int


class Contiguity:
    """Follows the offsets of acknowledged batches.

    Args:
        expected: The offset that the next batch gets if nobody else writes.
    """

    __slots__ = ("expected",)

    def __init__(self, expected: int) -> None:
        self.expected = expected

    def acked(self, base: int, count: int) -> Gap | None:
        """A batch of ``count`` records was written at ``base``; returns what lies between."""
        gap = Gap(self.expected, base) if base > self.expected else None
        self.expected = max(self.expected, base + count)
        return gap


def judge_gap(records: Iterable[Record], epoch: int, twins: Twins) -> set[bytes]:
    """The keys that the owner must write again.

    Raises:
        FencedError: if a newer owner's marker lies in the gap.
        TwinError: if that owner is a younger process with our instance id.
    """
    keys = set()
    for record in records:
        if record.key == row.MARKER:
            if (younger := twins.meet(record.value)) is not None:
                raise younger
            raise FencedError(
                f"the marker of a newer owner stands at {record.offset}, our epoch is {epoch}", record.offset
            )
        if record.key is None or record.key == MARK or epoch_of(record) == epoch:
            continue
        keys.add(record.key)
    return keys


LEASE_LOOK = 0.1
"""Seconds between two looks whether contact was made again."""


class LeaseExpiredError(InfrastructureError):
    """The group has not heard of this worker for a session: its partitions may be somebody else's."""


class Lease:
    """The time since the last successful contact with the group.

    Args:
        length: How long it holds, seconds (the session timeout).
        clock: Monotonic seconds.
    """

    __slots__ = ("_clock", "_length", "_renewed")

    def __init__(self, length: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._length = length
        self._clock = clock
        self._renewed = clock()

    def renew(self, moment: float | None = None) -> None:
        """Contact was made by a request that left at ``moment`` (monotonic)."""
        self._renewed = max(self._renewed, self._clock() if moment is None else moment)

    @property
    def over(self) -> str:
        """Whether a write now might be a zombie's, in words; empty while the group knows of us."""
        silent = self._clock() - self._renewed
        if silent <= self._length:
            return ""
        return f"no contact with the group for {silent:.1f} s, the lease is {self._length:.1f} s"

    async def wait(self, waits: Callable[[], bool]) -> None:
        """Wait before a write until contact was made again: after an outage the partitions may still be ours.

        Args:
            waits: Whether waiting makes sense: not once partitions move, which waits for what is in hand.

        Raises:
            LeaseExpiredError: if the lease is over and there is no waiting.
        """
        while said := self.over:
            if not waits():
                raise LeaseExpiredError(said)
            await asyncio.sleep(LEASE_LOOK)
