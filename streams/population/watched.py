"""How a stream keeps what is promised of it: alarms against gaps, day by day, and the drift of predictions.

All of it is about *closed gaps*: those that ended with a return within L (model.md 2 (12), 7).
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from .experience import BOUNDS, CLASSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .fixed import Floats, Whole

PLACES: Final = 100
"""Buckets of the histogram of where closed gaps lie in what was predicted."""

KEPT: Final = 40
"""Days: the running mean of the steering needs thirty."""

_AGEING: Final = 64
"""Each day the histogram loses one part in so many, so that it tells of the last weeks."""

DAY: Final = 86_400_000


def drift(pit: Sequence[int]) -> float:
    """How far predictions are off: the largest distance of the histogram from a flat one, 0 to 1."""
    total = sum(pit)
    if not total:
        return 0.0
    seen = list(accumulate(pit))
    return max(abs(count / total - (place + 1) / len(pit)) for place, count in enumerate(seen))


class Closed(NamedTuple):
    """Gaps closed within L: the return's day, gaps seen before, length (ms), alarm; places of some in F."""

    day: Whole
    x: Whole
    length: Floats
    alarmed: Whole
    place: Floats


class Watched:
    """What is watched of one stream.

    Attributes:
        pit: the histogram of places, F(gap) / F(L); flat if the predictions are right.
        days: by day (number since 1970), three rows by experience: lengths (ms), gaps, gaps with an alarm.
        aged: the day on which ``pit`` was aged last.
    """

    def __init__(self) -> None:
        self.pit: Whole = np.zeros(PLACES, np.int64)
        self.days: dict[int, Whole] = {}
        self.aged = 0

    def take(self, closed: Closed) -> None:
        """Take closed gaps in."""
        places = np.minimum((closed.place * PLACES).astype(np.int64), PLACES - 1)
        np.add.at(self.pit, np.maximum(places, 0), 1)
        classes = np.searchsorted(BOUNDS, closed.x, side="right")
        lengths = np.rint(closed.length).astype(np.int64)
        for day in np.unique(closed.day).tolist():
            mine = closed.day == day
            counts = self.days.setdefault(day, np.zeros((3, CLASSES), np.int64))
            for row, values in zip(counts, (lengths, np.ones_like(lengths), closed.alarmed), strict=True):
                np.add.at(row, classes[mine], values[mine])

    def age(self, at: int) -> None:
        """Let go what is older than what is asked for at ``at`` (ms)."""
        today = at // DAY
        for day in [day for day in self.days if day < today - KEPT]:
            del self.days[day]
        if self.aged and today > self.aged:
            for _ in range(min(today - self.aged, 10 * _AGEING)):
                self.pit -= self.pit // _AGEING
        self.aged = max(self.aged, today)
