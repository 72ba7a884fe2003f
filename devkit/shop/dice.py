"""A source of chance small enough to give each of 100,000 customers one of their own.

Each customer draws from dice of their own, so what we send to one never changes what another does. The
standard library's generator keeps 2.5 kB of state each; this one (SplitMix64) keeps eight bytes and needs no
more quality than a toy shop does.
"""

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_UNIT = 2.0**-53


class Dice:
    """Reproducible draws; the same names give the same sequence on any machine."""

    __slots__ = ("_state",)

    def __init__(self, *names: object) -> None:
        text = "\x1f".join(str(name) for name in names)
        self._state = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")

    def unit(self) -> float:
        """Draw uniformly from (0, 1]; never zero, so that its logarithm exists."""
        self._state = z = (self._state + _STEP) & _MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return (((z ^ (z >> 31)) >> 11) + 1) * _UNIT

    def chance(self, share: float) -> bool:
        """Say yes in this share of the draws."""
        return self.unit() <= share

    def between(self, low: int, high: int) -> int:
        """Draw a whole number from [low, high)."""
        return low + int((1.0 - self.unit()) * (high - low))

    def pick(self, things: Sequence[T]) -> T:
        """Draw one of these, each as likely as the others."""
        return things[self.between(0, len(things))]

    def normal(self) -> float:
        """Draw from the standard normal distribution (Box and Muller, one half of the pair)."""
        return math.sqrt(-2.0 * math.log(self.unit())) * math.cos(2.0 * math.pi * self.unit())

    def lognormal(self, median: float, sigma: float) -> float:
        """Draw from the log-normal distribution with this median."""
        return median * math.exp(sigma * self.normal())

    def gamma(self, shape: int) -> float:
        """Draw from the gamma distribution of whole shape and mean 1."""
        return -sum(math.log(self.unit()) for _ in range(shape)) / shape
