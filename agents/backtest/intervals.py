"""Intervals of what was counted: how far a measured rate may lie from the true one, by chance alone."""

from typing import NamedTuple

from scipy import stats

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A measured value and between what bounds the true one lies."""

    value: float
    low: float
    high: float


def rate(count: int, years: float) -> Interval | None:
    """Events a year, with the exact interval of a Poisson count (Garwood, Biometrika 28, 1936)."""
    if years <= 0:
        return None
    tail = (1 - CONFIDENCE) / 2
    low = float(stats.chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    high = float(stats.chi2.ppf(1 - tail, 2 * count + 2)) / 2
    return Interval(count / years, low / years, high / years)


def share(count: int, of: int) -> Interval | None:
    """A share: the exact interval of a binomial count (Clopper and Pearson, Biometrika 26, 1934)."""
    if not of:
        return None
    tail = (1 - CONFIDENCE) / 2
    low = float(stats.beta.ppf(tail, count, of - count + 1)) if count else 0.0
    high = float(stats.beta.ppf(1 - tail, count + 1, of - count)) if count < of else 1.0
    return Interval(count / of, low, high)
