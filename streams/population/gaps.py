"""What everybody's gaps say about one customer's: sums that add up (model.md 3).

A customer contributes a function of the sums of the own rhythm (x, n, mean, M2), so when these change the old
contribution is taken out and the new one put in. Contributions are whole numbers of units, so that partitions
add up to the same in any order.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy.special import digamma, polygamma

from .fixed import exact_sum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .fixed import Floats

_LEAST_VARIANCE: Final = 0.01
_TWO, _THREE = 2.0, 3.0
"""Gaps from which a customer says something of the mean of others, and of their spread."""


class Sums(NamedTuple):
    """Over the customers with a gap, in units of ``fixed``: model.md 3 names them, V included.

    ``k2`` are those with two gaps; ``k3`` to ``wt`` are over those with three.
    """

    k: int = 0
    s0: int = 0
    snn: int = 0
    s1: int = 0
    smm: int = 0
    sw: int = 0
    sm: int = 0
    sv: int = 0
    svn: int = 0
    k2: int = 0
    k3: int = 0
    w: int = 0
    wy: int = 0
    wyy: int = 0
    wt: int = 0


def plus(one: Sums, other: Sums, sign: int = 1) -> Sums:
    """Two sums together; with ``sign`` -1 the one without the other."""
    return Sums(*(a + sign * b for a, b in zip(one, other, strict=True)))


def contributions(rhythms: Floats, forgetting: float) -> Sums:
    """What some customers contribute together.

    Args:
        rhythms: four rows: gaps, discounted gaps, mean and M2 of the log gaps; a column for each customer.
        forgetting: rho.
    """
    x, n, mean, m2 = rhythms
    some = x >= 1
    x, n, mean, m2 = x[some], n[some], mean[some], m2[some]
    v = x if forgetting >= 1.0 else (1.0 - forgetting ** (2.0 * x)) / (1.0 - forgetting**2)
    share = v / n
    columns = [np.ones_like(n), n, n * n, n * mean, n * mean * mean, m2, mean, v, share, 1.0 * (x >= _TWO)]
    return Sums(*(exact_sum(column) for column in (*columns, *_spreads(x, n, m2, v))))


def _spreads(x: Floats, n: Floats, m2: Floats, v: Floats) -> Sequence[Floats]:
    """The columns k3, w, wy, wyy and wt: what those with three gaps say of how spreads differ."""
    some = x >= _THREE
    x, n, m2, v = x[some], n[some], m2[some], v[some]
    freedom = np.maximum(n * n / v - 1.0, 0.5)
    half = freedom / 2.0
    variance = np.maximum(m2 / np.maximum(n - v / n, 0.25), _LEAST_VARIANCE)
    w = freedom / (freedom + 2.0)
    different, which = np.unique(half, return_inverse=True)  # mostly a function of x: a few for thousands
    y = np.log(variance * half) - digamma(different)[which]
    return np.ones_like(w), w, w * y, w * y * y, w * polygamma(1, different)[which]


def posterior(prior: Sequence[Floats], n: Floats, mean: Floats, m2: Floats) -> tuple[Floats, Floats, Floats]:
    """Formula (5) for many customers: location and scale (log days) and degrees of freedom of the next gap.

    ``prior`` are m0, kappa0, a0 and b0, one number or one for each customer.
    """
    m0, kappa0, a0, b0 = prior
    kappa = kappa0 + n
    shape = a0 + n / 2.0
    rate = b0 + m2 / 2.0 + kappa0 * n * (mean - m0) ** 2 / (2.0 * kappa)
    location = (kappa0 * m0 + n * mean) / kappa
    return location, np.sqrt(rate * (kappa + 1.0) / shape / kappa), 2.0 * shape


def log_days(milliseconds: float) -> float:
    """A length as the logarithm of days."""
    return math.log(milliseconds / 86_400_000)
