"""The prior of a customer's gaps from everybody's sums: an unbalanced analysis of variance (model.md 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from scipy.optimize import brentq
from scipy.special import polygamma

from .fixed import number

if TYPE_CHECKING:
    from .gaps import Sums

ENOUGH: Final = 30
"""Customers with two gaps, below which nothing is known and the built-in prior holds (model.md 3)."""

ENOUGH_SPREAD: Final = 200
"""Customers with three gaps, below which the shape of the spread is not estimated."""

_SHAPE: Final = 3.0
_SHAPES: Final = (2.0, 30.0)
_WEIGHTS: Final = (0.25, 20.0)
_LEAST_BETWEEN: Final = 1e-9
_LEAST_SCALE: Final = 1e-6


class GapPrior(NamedTuple):
    """The normal-inverse-gamma prior of a log gap (log days)."""

    m0: float
    kappa0: float
    a0: float
    b0: float


def prior_of(sums: Sums) -> GapPrior | None:
    """The prior by an unbalanced analysis of variance; None while too little is known (model.md 3)."""
    f = {name: number(value) for name, value in sums._asdict().items()}
    inner, outer = f["s0"] - f["svn"], f["s0"] - f["snn"] / max(f["s0"], 1.0)
    if f["k2"] < ENOUGH or inner <= 0.0 or outer <= 0.0:
        return None
    within = max(f["sw"] / inner, 0.0)
    between = (f["smm"] - f["s1"] ** 2 / f["s0"] - within * (f["svn"] - f["sv"] / f["s0"])) / outer
    shape = _shape(f)
    return GapPrior(
        m0=f["sm"] / f["k"],
        kappa0=_kept(within / max(between, _LEAST_BETWEEN), _WEIGHTS),
        a0=shape,
        b0=max((shape - 1.0) * within, _LEAST_SCALE),
    )


def _shape(f: dict[str, float]) -> float:
    """a0 from how much the customers' own variances differ, beyond what few gaps explain."""
    if f["k3"] < ENOUGH_SPREAD:
        return _SHAPE
    v = f["wyy"] / f["w"] - (f["wy"] / f["w"]) ** 2 - f["wt"] / f["w"]
    low, high = _SHAPES
    if v <= polygamma(1, high):
        return high
    if v >= polygamma(1, low):
        return low
    return float(brentq(lambda shape: float(polygamma(1, shape)) - v, low, high, xtol=1e-12))


def _kept(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])
