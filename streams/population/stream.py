"""The numbers of one stream of a partition: sums by cohort, trials of dropout, gaps that closed within L."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np
from scipy.special import stdtr

from streams.wire.population import Day, StreamSums

from .dropout import Counts, Ring
from .gaps import Sums, contributions, log_days, plus, posterior
from .watched import DAY, Closed, Watched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .fixed import Floats

WIDTH: Final = 13
(STREAM, GROUP, X0, N0, MEAN0, M0, X1, N1, MEAN1, M1, LAST, START, DUE) = range(WIDTH)
"""The numbers of a move: which stream and cohort; x, n, mean and M2 before it and after it; the end of the
occasion before, the start of the new one (0: none began) and the deadline that held until then (ms)."""

PLENTY: Final = 200
"""Gaps at once of which some are enough to see how predictions are off; asking costs the most of all."""

NOBODY: Final = (-1, 0.0, 0.0, 0.0)
"""The sums of who is not there: before the first occasion, and after a customer is forgotten."""


class Basis(NamedTuple):
    """What the numbers of a stream depend on, besides the customers.

    ``open`` is the share of the calendar in which silence counts: gaps are in that time, L (ms) is a span of
    the calendar (model.md (11)).
    """

    forgetting: float
    attribute: str
    horizon: int
    open: float
    rule: str
    per_year: float
    alpha: float


class Stored(msgspec.Struct, array_like=True):
    """A stream as it is stored."""

    basis: Basis
    since: int | None
    sums: list[list[str]]
    over: Counts
    ring: dict[int, list[tuple[int, int, int, int]]]
    pit: list[int]
    days: dict[int, list[list[int]]]
    aged: int


class StreamTally:
    """One stream.

    Args:
        basis: under which it is counted.

    Attributes:
        since: the day of its first occasion, by number since 1970.
        sums: by the place of the cohort.
        ring: the trials of dropout.
        watched: the gaps that closed within L.
    """

    def __init__(self, basis: Basis) -> None:
        self.basis = basis
        self.since: int | None = None
        self.sums: list[Sums] = [Sums()]
        self.ring = Ring()
        self.watched = Watched()

    def rebase(self, basis: Basis) -> bool:
        """Go on under another basis, without what counts under the former only.

        Tells whether the customers are to be counted anew.
        """
        old, self.basis = self.basis, basis
        if (old.horizon, old.open) != (basis.horizon, basis.open):
            self.ring, self.watched = Ring(), Watched()
        elif old != basis:
            self.watched.days = {}  # they count the alarms of another rule
        if (old.forgetting, old.attribute) == (basis.forgetting, basis.attribute):
            return False
        self.sums = [Sums()]
        return True

    def take(self, moves: Floats, priors: Floats) -> None:
        """Take moves in.

        Args:
            moves: a row for each.
            priors: m0, kappa0, a0 and b0 in force, a row for each cohort.
        """
        self._add_up(moves)
        began = moves[moves[:, START] > 0]
        if not len(began):
            return
        days = (began[:, START] // DAY).astype(np.int64)
        horizon = log_days(self.basis.horizon * self.basis.open)
        first = int(days.min())
        self.since = first if self.since is None else min(first, self.since)
        location, scale, freedom = posterior(priors[began[:, GROUP].astype(int)].T, *began[:, N1 : M1 + 1].T)
        beyond = stdtr(freedom, (location - horizon) / scale)
        self.ring.begin(days, began[:, X1].astype(np.int64), beyond)
        self._close(began[began[:, X0] >= 0], priors, horizon)

    def _add_up(self, moves: Floats) -> None:
        """Take old contributions out and put the new ones in."""
        for group in np.unique(moves[:, GROUP]).astype(int).tolist():
            self.sums += [Sums()] * (group + 1 - len(self.sums))
            mine = moves[moves[:, GROUP] == group]
            before = contributions(mine[:, X0 : M0 + 1].T, self.basis.forgetting)
            after = contributions(mine[:, X1 : M1 + 1].T, self.basis.forgetting)
            self.sums[group] = plus(plus(self.sums[group], after), before, -1)

    def _close(self, moves: Floats, priors: Floats, horizon: float) -> None:
        """Note the gaps that these occasions closed within L."""
        gap = moves[:, MEAN0] + (moves[:, MEAN1] - moves[:, MEAN0]) * moves[:, N1]  # it moved the mean so far
        within = moves[:, START] - moves[:, LAST] <= self.basis.horizon
        moves, gap = moves[within], gap[within]
        x = moves[:, X0].astype(np.int64)
        self.ring.returned((moves[:, LAST] // DAY).astype(np.int64), x)
        some = slice(None, None, 1 + len(moves) // PLENTY)
        share = _places(moves[some], gap[some], priors, horizon)
        alarmed = (moves[:, DUE] > 0) & (moves[:, START] > moves[:, DUE])
        day = (moves[:, START] // DAY).astype(np.int64)
        length = moves[:, START] - moves[:, LAST]
        self.watched.take(Closed(day, x, length, alarmed.astype(np.int64), share))

    def reach(self, at: int) -> None:
        """Let the time reach ``at`` (ms): trials are over, what is old is let go."""
        self.ring.fold(at, self.basis.horizon)
        self.watched.age(at)

    def told(self, cohorts: Sequence[str]) -> StreamSums:
        """The stream as the population role is told."""
        trials, gone, survivals = self.ring.over.tolist()
        return StreamSums(
            rule=self.basis.rule,
            per_year=self.basis.per_year,
            alpha=self.basis.alpha,
            horizon=self.basis.horizon,
            since=self.since,
            sums={
                cohort: [str(value) for value in sums]
                for cohort, sums in zip(cohorts, self.sums, strict=False)  # later cohorts have nobody here
            },
            trials=trials,
            gone=gone,
            survivals=survivals,
            pit=self.watched.pit.tolist(),
            days={day: _day(*counts.tolist()) for day, counts in sorted(self.watched.days.items())},
        )

    def stored(self) -> Stored:
        """What is to be stored."""
        over, days = self.ring.stored()
        return Stored(
            basis=self.basis,
            since=self.since,
            sums=[[str(value) for value in sums] for sums in self.sums],
            over=over,
            ring=days,
            pit=self.watched.pit.tolist(),
            days={day: counts.tolist() for day, counts in self.watched.days.items()},
            aged=self.watched.aged,
        )

    @classmethod
    def restored(cls, stored: Stored) -> StreamTally:
        """The stream that was stored."""
        stream = cls(stored.basis)
        stream.since = stored.since
        stream.sums = [Sums(*map(int, values)) for values in stored.sums]
        stream.ring = Ring.restored(stored.over, stored.ring)
        stream.watched.pit = np.array(stored.pit, np.int64)
        stream.watched.days = {day: np.array(counts, np.int64) for day, counts in stored.days.items()}
        stream.watched.aged = stored.aged
        return stream


def _places(moves: Floats, gap: Floats, priors: Floats, horizon: float) -> Floats:
    """Where gaps lie in what was predicted of them: F(gap) / F(L)."""
    location, scale, freedom = posterior(priors[moves[:, GROUP].astype(int)].T, *moves[:, N0 : M0 + 1].T)
    within: Floats = stdtr(freedom, (horizon - location) / scale)
    place: Floats = stdtr(freedom, (gap - location) / scale) / within
    return np.minimum(place, 1.0)


def _day(length: list[int], closed: list[int], alarmed: list[int]) -> Day:
    """A day as it is told."""
    return Day(length=length, closed=closed, alarmed=alarmed)
