"""Numbers that add up exactly, whatever the order: whole multiples of 2**-40."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

SCALE: Final = 2**40
_LOW: Final = 2.0**26


def exact_sum(values: Floats) -> int:
    """The sum of the rounded values, in units of 2**-40; no order of adding up changes a bit of it."""
    rounded = np.rint(values * SCALE)
    high = np.floor(rounded / _LOW)
    low = rounded - high * _LOW
    return int(high.astype(np.int64).sum()) * int(_LOW) + int(low.astype(np.int64).sum())


def number(units: int) -> float:
    """The number that so many units are."""
    return units / SCALE
