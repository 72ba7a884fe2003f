"""The rhythm of one customer on one stream: sums of log gaps, and the deadline they lead to.

A *stream* is a surface (app, web, store), the purchases, or everything human together (brand). An
*occasion* is all activity of the stream on one day (UTC, or of the brand's zone), from its first to its last
event. A *gap* runs from the end of one occasion to the start of the next, without the time that does not
count (``streams.open_time``). Kept are Welford sums of the logarithms of the gaps in days, discounted by
``forgetting`` (model.md 1), so that a stream costs 60 bytes however long its history is: 16 that every event
moves (``MOVING``: last, due_at), and 44 that only a new occasion does.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Final

import msgspec

from streams.open_time import passed, same_day

from .elsewhere import NOWHERE, Elsewhere

if TYPE_CHECKING:
    from streams.open_time import OpenTime

DAY: Final = 86_400_000
SHORTEST_GAP: Final = DAY // 4
"""A gap counts for at least six hours: two occasions around midnight are no change of rhythm (model.md 1)."""

MOVING: Final = "qq"
"""Codes of the numbers that every event moves: last, due_at."""

STILL: Final = struct.Struct("<IdddHIIBHBH")
"""The rest: x, n, mean, m2, previous (48 bits, low ones first), start (its low 32 bits), elsewhere."""

LOW: Final = 0xFFFFFFFF
"""The bits of the start that are kept: an occasion is a day, and they are seven weeks."""

NEVER: Final = 1 << 60
"""The deadline of a silence that is explained (R10), until there is activity again."""


class Cadence(msgspec.Struct, frozen=True, gc=False):
    """The sums of one stream.

    Attributes:
        x: gaps seen so far, undiscounted (u32).
        n: gaps, discounted; equals ``x`` without forgetting.
        mean: weighted mean of the log gaps (log days).
        m2: weighted sum of squared deviations of the log gaps (log days, squared).
        previous: end of the occasion before the newest (ms), 0 before there is one.
        start: start of the newest occasion (ms), on the day of its end.
        last: end of the newest occasion (ms).
        due_at: when silence on this stream is too long (ms), 0 where no rule applies.
        elsewhere: what was done here since the last act on other surfaces (``Elsewhere``).
    """

    x: int
    n: float
    mean: float
    m2: float
    previous: int
    start: int
    last: int
    due_at: int
    elsewhere: Elsewhere = NOWHERE

    def still(self) -> bytes:
        """The stored form of what only a new occasion moves, 44 bytes."""
        previous, start = self.previous, self.start
        return STILL.pack(
            self.x,
            self.n,
            self.mean,
            self.m2,
            previous & 0xFFFF,
            previous >> 16,
            start & LOW,
            *self.elsewhere,
        )

    def due(self, at: int) -> Cadence:
        """The same, due at another moment (ms)."""
        return Cadence(
            self.x, self.n, self.mean, self.m2, self.previous, self.start, self.last, at, self.elsewhere
        )

    def with_elsewhere(self, elsewhere: Elsewhere) -> Cadence:
        """The same, with another count of what was done since the last act elsewhere."""
        return Cadence(
            self.x, self.n, self.mean, self.m2, self.previous, self.start, self.last, self.due_at, elsewhere
        )


def stored(last: int, due_at: int, row: bytes, place: int) -> Cadence:
    """The cadence whose still part lies in a row at this place."""
    x, n, mean, m2, low, high, start, *elsewhere = STILL.unpack_from(row, place)
    return Cadence(x, n, mean, m2, high << 16 | low, started(last, start), last, due_at, tuple(elsewhere))


def started(last: int, low: int) -> int:
    """The start of an occasion (ms) by its end and the low bits that are kept."""
    return last - (last - low & LOW)


def last_of(c: Cadence | None) -> int:
    """The end of the newest occasion (ms), 0 for a stream never used."""
    return c.last if c is not None else 0


def first(at: int) -> Cadence:
    """The cadence of a stream on its first event."""
    return Cadence(0, 0.0, 0.0, 0.0, 0, at, at, 0)


def log_gap(from_ms: int, to_ms: int, time: OpenTime | None = None) -> float:
    """The logarithm of a gap in days of the time that counts, floored at six hours."""
    return math.log(max(passed(from_ms, to_ms, time), SHORTEST_GAP) / DAY)


Sums = tuple[int, float, float, float]
"""x, n, mean, m2."""


def with_gap(x: int, n: float, mean: float, m2: float, y: float, forgetting: float) -> Sums:
    """Take one log gap in (Welford, with forgetting; model.md 1)."""
    n = forgetting * n + 1.0
    d = y - mean
    mean += d / n
    return x + 1, n, mean, forgetting * m2 + d * (y - mean)


def without_gap(x: int, n: float, mean: float, m2: float, y: float, forgetting: float) -> Sums:
    """Take the newest log gap out again: the exact inverse of ``with_gap``."""
    if x <= 1 or n <= 1.0:  # the second where a policy forgets so fast that nothing else is left
        return max(x - 1, 0), 0.0, 0.0, 0.0
    before = (n * mean - y) / (n - 1.0)
    m2 = max((m2 - (y - before) * (y - mean)) / forgetting, 0.0)
    return x - 1, (n - 1.0) / forgetting, before, m2


def observe(c: Cadence, at: int, forgetting: float, time: OpenTime | None = None) -> Cadence:
    """The cadence after activity at ``at`` (ms), which may come late; ``elsewhere`` is left as it is.

    Inside the newest occasion it extends it; inside the newest gap it splits the gap exactly; before that
    it changes nothing (model.md 1, "Late events"). ``due_at`` moves along where only the end of the
    occasion moved, and is 0, to be computed anew, where the gaps changed.
    """
    if at > c.last:
        if same_day(at, c.start, time):
            due_at = moved_along(c.due_at, c.last, at, time)
            return Cadence(c.x, c.n, c.mean, c.m2, c.previous, c.start, at, due_at, c.elsewhere)
        sums = with_gap(c.x, c.n, c.mean, c.m2, log_gap(c.last, at, time), forgetting)
        return Cadence(*sums, c.last, at, at, 0, c.elsewhere)
    if at >= c.start or (c.previous and at <= c.previous):
        return c
    return _split_newest_gap(c, at, forgetting, time)


def moved_along(due_at: int, last: int, at: int, time: OpenTime | None) -> int:
    """A deadline (ms) after the end of its occasion moved from ``last`` to ``at``: the silence is as long.

    0, to be computed anew, where there was none.
    """
    if not due_at or due_at >= NEVER:
        return 0
    return due_at + at - last if time is None else time.after(at, time.between(last, due_at))


def _split_newest_gap(c: Cadence, at: int, forgetting: float, time: OpenTime | None) -> Cadence:
    """The cadence after late activity between the last two occasions (or before the only one)."""
    sums = before_newest(c, forgetting, time)
    if same_day(at, c.start, time):
        if c.previous:
            sums = with_gap(*sums, log_gap(c.previous, at, time), forgetting)
        return Cadence(*sums, c.previous, at, c.last, 0, c.elsewhere)
    if c.previous and not same_day(at, c.previous, time):
        sums = with_gap(*sums, log_gap(c.previous, at, time), forgetting)
    sums = with_gap(*sums, log_gap(at, c.start, time), forgetting)
    return Cadence(*sums, at, c.start, c.last, 0, c.elsewhere)


def before_newest(c: Cadence, forgetting: float, time: OpenTime | None) -> Sums:
    """The sums without the newest gap."""
    sums = (c.x, c.n, c.mean, c.m2)
    return without_gap(*sums, log_gap(c.previous, c.start, time), forgetting) if c.previous else sums
