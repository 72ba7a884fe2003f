"""The rhythm of one customer on one stream: sums of log gaps, and the deadline they lead to.

A *stream* is a surface (app, web, store), the purchases, or everything human together (brand). An
*occasion* is all activity of the stream on one day (UTC), from its first to its last event. A *gap* runs
from the end of one occasion to the start of the next. Kept are Welford sums of the logarithms of the gaps
in days, discounted by ``forgetting`` (model.md 1), so that a stream costs 60 bytes however long its
history is.
"""

from __future__ import annotations

import math
import struct
from typing import Final, NamedTuple

DAY: Final = 86_400_000
SHORTEST_GAP: Final = DAY // 4
"""A gap counts for at least six hours: two occasions around midnight are no change of rhythm (model.md 1)."""

_FORM: Final = struct.Struct("<Idddqqqq")
_LAST_AND_DUE: Final = struct.Struct("<qq")
_LAST_AT: Final = _FORM.size - _LAST_AND_DUE.size
_NEWEST: Final = struct.Struct("<qqq")
_NEWEST_AT: Final = _FORM.size - _NEWEST.size


class Cadence(NamedTuple):
    """The sums of one stream.

    Attributes:
        x: gaps seen so far, undiscounted (u32).
        n: gaps, discounted; equals ``x`` without forgetting.
        mean: weighted mean of the log gaps (log days).
        m2: weighted sum of squared deviations of the log gaps (log days, squared).
        previous: end of the occasion before the newest (ms), 0 before there is one.
        start: start of the newest occasion (ms).
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

    def pack(self) -> bytes:
        """The stored form, 60 bytes."""
        return _FORM.pack(*self)


def unpack(stored: bytes) -> Cadence:
    """The cadence of a stored form of 60 bytes."""
    return Cadence._make(_FORM.unpack(stored))


def last_of(stored: bytes) -> int:
    """The end of the newest occasion (ms), 0 for a stream never used; reads nothing else."""
    return _LAST_AND_DUE.unpack_from(stored, _LAST_AT)[0] if stored else 0


def due_of(stored: bytes) -> int:
    """The stored deadline (ms), 0 where there is none; reads nothing else."""
    return _LAST_AND_DUE.unpack_from(stored, _LAST_AT)[1] if stored else 0


def same_occasion(stored: bytes, at: int) -> bytes | None:
    """The stored form after activity at ``at`` (ms) on the day of the newest occasion, None on any other.

    What ``observe`` would make of it, without opening the sums: most activity is some more on the same day.
    """
    start, last, due_at = _NEWEST.unpack_from(stored, _NEWEST_AT)
    if start <= at <= last:
        return stored
    if at < last or not due_at or at // DAY != start // DAY:
        return None
    return stored[:_LAST_AT] + _LAST_AND_DUE.pack(at, due_at + at - last)


def first(at: int) -> Cadence:
    """The cadence of a stream on its first event."""
    return Cadence(0, 0.0, 0.0, 0.0, 0, at, at, 0)


def log_gap(from_ms: int, to_ms: int) -> float:
    """The logarithm of a gap in days, floored at six hours."""
    return math.log(max(to_ms - from_ms, SHORTEST_GAP) / DAY)


def _with_gap(c: Cadence, y: float, forgetting: float) -> Cadence:
    """Take one log gap in (Welford, with forgetting; model.md 1)."""
    n = forgetting * c.n + 1.0
    d = y - c.mean
    mean = c.mean + d / n
    return c._replace(x=c.x + 1, n=n, mean=mean, m2=forgetting * c.m2 + d * (y - mean))


def _without_gap(c: Cadence, y: float, forgetting: float) -> Cadence:
    """Take the newest log gap out again: the exact inverse of ``_with_gap``."""
    if c.x <= 1 or c.n <= 1.0:  # the second where a policy forgets so fast that nothing else is left
        return c._replace(x=max(c.x - 1, 0), n=0.0, mean=0.0, m2=0.0)
    mean = (c.n * c.mean - y) / (c.n - 1.0)
    m2 = max((c.m2 - (y - mean) * (y - c.mean)) / forgetting, 0.0)
    return c._replace(x=c.x - 1, n=(c.n - 1.0) / forgetting, mean=mean, m2=m2)


def observe(c: Cadence, at: int, forgetting: float) -> Cadence:
    """The cadence after activity at ``at`` (ms), which may come late.

    Inside the newest occasion it extends it; inside the newest gap it splits the gap exactly; before that
    it changes nothing (model.md 1, "Late events"). ``due_at`` moves along where only the end of the
    occasion moved, and is 0, to be computed anew, where the gaps changed.
    """
    if at > c.last:
        if at // DAY == c.start // DAY:
            return c._replace(last=at, due_at=c.due_at + at - c.last if c.due_at else 0)
        new = _with_gap(c, log_gap(c.last, at), forgetting)
        return new._replace(previous=c.last, start=at, last=at, due_at=0)
    if at >= c.start or (c.previous and at <= c.previous):
        return c
    return _split_newest_gap(c, at, forgetting)


def _split_newest_gap(c: Cadence, at: int, forgetting: float) -> Cadence:
    """The cadence after late activity between the last two occasions (or before the only one)."""
    before = _without_gap(c, log_gap(c.previous, c.start), forgetting) if c.previous else c
    if at // DAY == c.start // DAY:
        moved = _with_gap(before, log_gap(c.previous, at), forgetting) if c.previous else before
        return moved._replace(start=at, due_at=0)
    if c.previous and at // DAY != c.previous // DAY:
        before = _with_gap(before, log_gap(c.previous, at), forgetting)
    return _with_gap(before, log_gap(at, c.start), forgetting)._replace(previous=at, due_at=0)
