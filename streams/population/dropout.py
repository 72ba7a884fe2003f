"""How likely a customer leaves after an occasion: a histogram without customer state (model.md 4).

Every occasion is a trial that is over L days later, whether the return came early or never: else a young base
would look too loyal. Trials wait in a ring by day; a return within L is noted on the day of its occasion; a
day that leaves the ring folds into the totals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

if TYPE_CHECKING:
    from .fixed import Floats, Whole

MOST: Final = 64
"""Returns survived; the last place of the histogram is for so many and more."""

PLACES: Final = MOST + 1
UNIT: Final = 2**24
"""Survivals are summed in whole multiples of 1/UNIT."""

DAY: Final = 86_400_000


class Counts(msgspec.Struct, array_like=True):
    """By returns survived: trials, returns (or those gone), predicted survivals beyond L (in 1/UNIT)."""

    trials: list[int]
    second: list[int]
    survivals: list[int]


class Ring:
    """The trials of one stream: those under way by day (number since 1970), and the totals of those over.

    Attributes:
        days: by day, three rows of counts: trials, returned within L, predicted survival beyond L.
        over: the same of trials that are over, with those who did not return in the second row.
    """

    def __init__(self) -> None:
        self.days: dict[int, Whole] = {}
        self.over: Whole = np.zeros((3, PLACES), np.int64)

    def begin(self, day: Whole, x: Whole, survival: Floats) -> None:
        """Trials begin on these days, of customers with these returns and probabilities to survive L."""
        units = np.rint(survival * UNIT).astype(np.int64)
        for one in np.unique(day).tolist():
            mine = day == one
            counts = self.days.setdefault(one, np.zeros((3, PLACES), np.int64))
            places = np.minimum(x[mine], MOST)
            np.add.at(counts[0], places, 1)
            np.add.at(counts[2], places, units[mine])

    def returned(self, day: Whole, x: Whole) -> None:
        """Trials of these days ended with a return within L; days that have left the ring are left alone."""
        for one in np.unique(day).tolist():
            if (counts := self.days.get(one)) is not None:
                np.add.at(counts[1], np.minimum(x[day == one], MOST), 1)

    def fold(self, at: int, horizon: int) -> None:
        """Fold the days that are over at ``at`` (ms): their last trial began L (ms) and a day before."""
        for day in [day for day in self.days if (day + 2) * DAY + horizon <= at]:
            trials, returned, survivals = self.days.pop(day)
            self.over += np.stack([trials, trials - returned, survivals])

    def stored(self) -> tuple[Counts, dict[int, list[tuple[int, int, int, int]]]]:
        """The totals, and of each day in the ring the places that are not empty."""
        days = {
            day: [(int(x), *map(int, counts[:, x])) for x in np.flatnonzero(counts.any(axis=0))]
            for day, counts in self.days.items()
        }
        return Counts(*self.over.tolist()), days  # type: ignore[return-value] # three numbers follow the place

    @classmethod
    def restored(cls, over: Counts, days: dict[int, list[tuple[int, int, int, int]]]) -> Ring:
        """The ring of what ``stored`` gave."""
        ring = cls()
        ring.over = np.array([over.trials, over.second, over.survivals], np.int64)
        for day, places in days.items():
            counts = ring.days[day] = np.zeros((3, PLACES), np.int64)
            for x, *three in places:
                counts[:, x] = three
        return ring
