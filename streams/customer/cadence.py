"""The rhythm of one customer on one stream: sums of log gaps, and the deadline they lead to.

A *stream* is a surface (app, web, store), the purchases, or everything human together (brand). An
*occasion* is all activity of the stream on one day (UTC), from its first to its last event. A *gap* runs
from the end of one occasion to the start of the next. Kept are Welford sums of the logarithms of the gaps
in days, discounted by ``forgetting`` (model.md 1), so that a stream costs 54 bytes however long its
history is: 16 that every event moves (``MOVING``: last, due_at), and 38 that only a new occasion does.
"""

from __future__ import annotations

import math
import struct
from typing import Final

import msgspec

DAY: Final = 86_400_000
SHORTEST_GAP: Final = DAY // 4
"""A gap counts for at least six hours: two occasions around midnight are no change of rhythm (model.md 1)."""

MOVING: Final = "qq"
"""Codes of the numbers that every event moves: last, due_at."""

STILL: Final = struct.Struct("<IdddHII")
"""The rest: x, n, mean, m2, previous (48 bits, low ones first), and the start's place in its day (ms)."""


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
    """

    x: int
    n: float
    mean: float
    m2: float
    previous: int
    start: int
    last: int
    due_at: int

    def still(self) -> bytes:
        """The stored form of what only a new occasion moves, 38 bytes."""
        return STILL.pack(
            self.x, self.n, self.mean, self.m2, self.previous & 0xFFFF, self.previous >> 16, self.start % DAY
        )

    def due(self, at: int) -> Cadence:
        """The same, due at another moment (ms)."""
        return Cadence(self.x, self.n, self.mean, self.m2, self.previous, self.start, self.last, at)


def stored(last: int, due_at: int, row: bytes, place: int) -> Cadence:
    """The cadence whose still part lies in a row at this place."""
    x, n, mean, m2, low, high, start = STILL.unpack_from(row, place)
    return Cadence(x, n, mean, m2, high << 16 | low, last - last % DAY + start, last, due_at)


def last_of(c: Cadence | None) -> int:
    """The end of the newest occasion (ms), 0 for a stream never used."""
    return c.last if c is not None else 0


def first(at: int) -> Cadence:
    """The cadence of a stream on its first event."""
    return Cadence(0, 0.0, 0.0, 0.0, 0, at, at, 0)


def log_gap(from_ms: int, to_ms: int) -> float:
    """The logarithm of a gap in days, floored at six hours."""
    return math.log(max(to_ms - from_ms, SHORTEST_GAP) / DAY)


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


def observe(c: Cadence, at: int, forgetting: float) -> Cadence:
    """The cadence after activity at ``at`` (ms), which may come late.

    Inside the newest occasion it extends it; inside the newest gap it splits the gap exactly; before that
    it changes nothing (model.md 1, "Late events"). ``due_at`` moves along where only the end of the
    occasion moved, and is 0, to be computed anew, where the gaps changed.
    """
    if at > c.last:
        if at // DAY == c.start // DAY:
            due_at = c.due_at + at - c.last if c.due_at else 0
            return Cadence(c.x, c.n, c.mean, c.m2, c.previous, c.start, at, due_at)
        sums = with_gap(c.x, c.n, c.mean, c.m2, log_gap(c.last, at), forgetting)
        return Cadence(*sums, c.last, at, at, 0)
    if at >= c.start or (c.previous and at <= c.previous):
        return c
    return _split_newest_gap(c, at, forgetting)


def _split_newest_gap(c: Cadence, at: int, forgetting: float) -> Cadence:
    """The cadence after late activity between the last two occasions (or before the only one)."""
    sums = (c.x, c.n, c.mean, c.m2)
    if c.previous:
        sums = without_gap(*sums, log_gap(c.previous, c.start), forgetting)
    if at // DAY == c.start // DAY:
        if c.previous:
            sums = with_gap(*sums, log_gap(c.previous, at), forgetting)
        return Cadence(*sums, c.previous, at, c.last, 0)
    if c.previous and at // DAY != c.previous // DAY:
        sums = with_gap(*sums, log_gap(c.previous, at), forgetting)
    sums = with_gap(*sums, log_gap(at, c.start), forgetting)
    return Cadence(*sums, at, c.start, c.last, 0)
