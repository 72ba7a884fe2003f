"""Where the ticks stand between the events of a history: the clock of a replay, as data.

Whoever plays a history, into Kafka or through the core alone, takes this one sequence of events and ticks;
so both see the same cuts and come to the same result.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from streams.wire.partition import partition_of
from streams.wire.times import HOUR

from .history import HistoryEvent

MOST_BETWEEN_TICKS = 100_000
"""Records of one partition that wire.md allows between two ticks; fewer than this are sent."""


class TickAt(NamedTuple):
    """Time to say: everything before this moment has been sent."""

    at: int


class Placed(NamedTuple):
    """An event and the partition of its customer."""

    event: HistoryEvent
    partition: int


class Pace(NamedTuple):
    """How a history is divided by ticks.

    Attributes:
        partitions: of the event topics.
        tick: milliseconds of event time between two ticks.
        beyond: milliseconds of event time to tick on after the last event, so that its silences come due.
        limit: records of a partition that make an extra tick necessary.
    """

    partitions: int
    tick: int = HOUR
    beyond: int = 0
    limit: int = MOST_BETWEEN_TICKS


def with_ticks(history: Iterable[HistoryEvent], pace: Pace) -> Iterator[Placed | TickAt]:
    """Put ticks between the events of a history that is in order of time.

    A tick stands at each whole multiple of `pace.tick` since 1970 above the first event, up to and including
    the first one above the last event (plus `beyond`). An event at exactly such a moment comes after the
    tick: what was sent before a tick happened before it. Where one partition would get `limit` records
    between two ticks, an extra one stands in front of the record that would be one too many, just above the
    event before it; later events of that same millisecond are then late by one, which is exact for all that
    counts.

    Yields:
        Events and ticks, in the order in which they are to be sent; ticks strictly forward in time.
    """
    clock: _Clock | None = None
    counts = [0] * pace.partitions
    for event in history:
        clock = clock or _Clock(event.occurred_at, pace.tick)
        if event.occurred_at >= clock.due:
            yield from clock.up_to(event.occurred_at)
            counts = [0] * pace.partitions
        partition = partition_of(event.key, pace.partitions)
        if counts[partition] + 1 >= pace.limit:
            yield clock.extra()
            counts = [0] * pace.partitions
        counts[partition] += 1
        clock.last = event.occurred_at
        yield Placed(event, partition)
    if clock is not None:
        yield from clock.up_to(clock.last + pace.beyond)
        yield TickAt(clock.due)


class _Clock:
    """The ticks so far, and the next one due."""

    def __init__(self, first: int, tick: int) -> None:
        self._tick = tick
        self.last = first
        self._newest = first
        self.due = self._after(first)

    def _after(self, moment: int) -> int:
        """Find the first whole multiple of the tick above a moment."""
        return moment - moment % self._tick + self._tick

    def up_to(self, moment: int) -> Iterator[TickAt]:
        """Give the ticks that are due at a moment."""
        while self.due <= moment:
            self._newest = self.due
            self.due += self._tick
            yield TickAt(self._newest)

    def extra(self) -> TickAt:
        """Give a tick just above the last event, and above every tick so far."""
        self._newest = max(self.last, self._newest) + 1
        if self._newest >= self.due:
            self.due = self._after(self._newest)
        return TickAt(self._newest)
