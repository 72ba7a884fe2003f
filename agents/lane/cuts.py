"""Control, read in order: which cuts are valid, which facts lie between them, which ticks wait.

This is the rule by which everybody who reads the log comes to the same history (design.md 4): the owner of
a partition, its successor, an auditor, a re-execution. A cut is *ignored* if its epoch is older than the
newest before it (a fenced owner wrote it), and *void* if it is not the next one in the chain: its number
does not follow, or it does not begin where the one before ended, or it answers a tick whose time has passed
already. A cut after an accepted loss begins the chain anew: only its number has to be above those before.
"""

from collections import deque
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from streams.wire.control import (
    ControlRecord,
    Cut,
    Fact,
    Tick,
)

from ..errors import InfrastructureError


class FencedError(InfrastructureError):
    """Somebody newer owns the partition: stop before anything is sent.

    Attributes:
        marker: The offset of the newer owner's marker.
    """

    def __init__(self, message: str, marker: int) -> None:
        super().__init__(message)
        self.marker = marker


class Verdict(Enum):
    """What became of a control record."""

    SEEN = "seen"  # known already, through the acknowledgement of our own cut
    CUT = "cut"
    FACT = "fact"
    TICK = "tick"
    IGNORED = "ignored"
    VOID = "void"


class Base(NamedTuple):
    """The last executed cut, as the record below the committed control offset tells it."""

    epoch: int
    n: int
    at: int
    ends: Mapping[str, int]


class DueCut(NamedTuple):
    """A valid cut that waits for its records."""

    offset: int
    n: int
    at: int
    ends: Mapping[str, int]
    epoch: int


class DueFact(NamedTuple):
    """A fact that holds from the next cut on."""

    offset: int
    fact: Fact


class WaitingTick(NamedTuple):
    """A tick of the external clock without an answer yet."""

    offset: int
    at: int


class ControlLog:
    """The control partition as its owner reads it.

    Args:
        epoch: The epoch of the reader.
        start: The first offset to be read.
        base: The last executed cut before that; ``None`` if there was none.

    Attributes:
        next: The next unseen offset. n, at, ends: The chain after the newest valid cut that was read;
        ``ends`` is ``None`` before the first. newest: The newest epoch seen. queue: Valid cuts and facts
        that wait to be carried out, in order. ticks: Ticks without an answer, in order. ignored, void: How
        many cuts were passed over.
    """

    __slots__ = ("at", "ends", "epoch", "ignored", "n", "newest", "next", "queue", "ticks", "void")

    def __init__(self, epoch: int, start: int, base: Base | None = None) -> None:
        self.epoch = epoch
        self.next = start
        self.n = base.n if base else 0
        self.at = base.at if base else 0
        self.ends: Mapping[str, int] | None = dict(base.ends) if base else None
        self.newest = -1
        self.queue: deque[DueCut | DueFact] = deque()
        self.ticks: deque[WaitingTick] = deque()
        self.ignored = 0
        self.void = 0
        if base:
            self._see_epoch(base.epoch)

    def read(self, offset: int, record: ControlRecord) -> Verdict:
        """Read the record at an offset; offsets only grow, what was seen is passed over.

        Raises:
            FencedError: if the record is a cut of a newer owner than the reader.
        """
        if offset < self.next:
            return Verdict.SEEN
        self.next = offset + 1
        if isinstance(record, Cut):
            return self._read_cut(offset, record)
        if isinstance(record, Tick):
            if record.at > self.at:
                self.ticks.append(WaitingTick(offset, record.at))
            return Verdict.TICK
        self.queue.append(DueFact(offset, record))
        return Verdict.FACT

    def reach(self, position: int) -> None:
        """Note that the partition was read up to there."""
        self.next = max(self.next, position)

    def cuts(self) -> list[DueCut]:
        """The valid cuts that wait."""
        return [item for item in self.queue if isinstance(item, DueCut)]

    def _read_cut(self, offset: int, cut: Cut) -> Verdict:
        if cut.epoch < self.newest:
            self.ignored += 1
            return Verdict.IGNORED
        self._see_epoch(cut.epoch)
        if not self._follows(cut):
            self.void += 1
            return Verdict.VOID
        self.n = cut.n
        self.at = max(self.at, cut.at)  # time only moves forward, whatever a worker's clock said
        self.ends = dict(cut.ends)
        while self.ticks and self.ticks[0].at <= self.at:
            self.ticks.popleft()
        self.queue.append(DueCut(offset, cut.n, self.at, self.ends, cut.epoch))
        return Verdict.CUT

    def _see_epoch(self, epoch: int) -> None:
        if epoch > self.epoch:
            raise FencedError(f"a cut of epoch {epoch} stands on control, ours is {self.epoch}", epoch)
        self.newest = max(self.newest, epoch)

    def _follows(self, cut: Cut) -> bool:
        if cut.after_loss:
            return cut.n > self.n and cut.from_ == cut.ends
        if cut.n != self.n + 1 or cut.from_.keys() != cut.ends.keys():
            return False
        if self.ends is not None and cut.from_ != self.ends:
            return False
        if any(cut.ends[topic] < start for topic, start in cut.from_.items()):
            return False
        return cut.tick is None or cut.at > self.at
