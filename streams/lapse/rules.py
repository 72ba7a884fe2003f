"""How long is too long: from the sums of a stream to the number of days of silence that raise a signal.

Formulas and their numbers are those of model.md 2. The next log gap follows a Student t: a log-normal gap
under a normal-inverse-gamma prior (Gelman et al., Bayesian Data Analysis, 3rd edition, 3.3). ``S`` is its
survival function.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from .student import stdtr, stdtrit

if TYPE_CHECKING:
    from streams.beliefs import Prior

DAYS_A_YEAR: Final = 365.25
LEAST: Final = 0.001
MOST: Final = 0.6
"""Bounds of the share of gaps that may alarm (model.md 2, formula 9)."""
LONGEST: Final = 20.0
"""Log days: a million years. Whatever a policy's prior says, a length stays a number that can be stored."""


class Gap(NamedTuple):
    """The posterior of the next log gap: Student t, location and scale in log days."""

    location: float
    scale: float
    df: float

    @property
    def typical(self) -> float:
        """The typical gap in days: exp(location)."""
        return math.exp(min(self.location, LONGEST))

    def survival(self, days: float) -> float:
        """The probability that an active customer's gap is longer than ``days`` (above 0)."""
        return stdtr(self.df, (self.location - math.log(days)) / self.scale)

    def share_within(self, days: float) -> float:
        """F: the probability that an active customer's gap is at most ``days``, exact where it is tiny."""
        return stdtr(self.df, (math.log(days) - self.location) / self.scale)

    def length_of(self, share: float) -> float:
        """The inverse of ``share_within``: the days within which this share of the gaps ends."""
        return math.exp(min(self.location + self.scale * stdtrit(self.df, share), LONGEST))

    def silence_of(self, survival: float) -> float:
        """The silence in days whose survival is ``survival``; 0 for a level of 1 or more."""
        if survival >= 1.0:
            return 0.0
        return math.exp(min(self.location - self.scale * stdtrit(self.df, survival), LONGEST))


def gap(n: float, mean: float, m2: float, prior: Prior) -> Gap:
    """Formula (5): the posterior after ``n`` (discounted) log gaps with their ``mean`` and ``m2``."""
    kappa = prior.kappa0 + n
    shape = prior.a0 + n / 2.0
    rate = prior.b0 + m2 / 2.0 + prior.kappa0 * n * (mean - prior.m0) ** 2 / (2.0 * kappa)
    location = (prior.kappa0 * prior.m0 + n * mean) / kappa
    return Gap(location, math.sqrt(rate * (kappa + 1.0) / shape / kappa), 2.0 * shape)


def dropout_odds(x: int, prior: Prior) -> float:
    """The odds that a customer with ``x`` returns leaves after this occasion: a / (b + x) (model.md 4)."""
    return prior.a / (prior.b + x)


def quantile(g: Gap, alpha: float, horizon: float) -> float:
    """Formula (8): the days after which a share ``alpha`` of gaps below ``horizon`` (days) alarms.

    Never beyond the horizon, also where hardly any gap ends before it.
    """
    return min(horizon, g.length_of((1.0 - alpha) * g.share_within(horizon)))


def yearly(g: Gap, per_year: float, horizon: float, year: float = DAYS_A_YEAR) -> float:
    """Formula (9): the days that give ``per_year`` false alarms per active customer-year of so many days."""
    alpha = min(max(per_year * g.typical / year, LEAST), MOST)
    return quantile(g, alpha, horizon)


def precision(g: Gap, odds: float, promised: float, horizon: float) -> float:
    """Formula (7): the days after which a share ``promised`` stays silent until ``horizon`` (days)."""
    level = (odds + g.survival(horizon)) / promised - odds
    return min(horizon, g.silence_of(level))


def chance_alive(g: Gap, odds: float, silent: float) -> float:
    """Formula (6): P(alive | silent for ``silent`` days)."""
    return 1.0 / (1.0 + odds / max(g.survival(silent), 1e-300))


def chance_deadline(g: Gap, odds: float, tau: float) -> float:
    """Formula (6) inverted: the days after which P(alive) falls to ``tau``."""
    return g.silence_of(odds * tau / (1.0 - tau))
