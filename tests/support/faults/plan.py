"""How much of the suite runs, and the dice of each test: one seed, and the same schedule again."""

import os
import secrets
from collections.abc import Sequence
from enum import IntEnum
from random import Random
from typing import TypeVar

T = TypeVar("T")

CHOICE = "HOLDFAST_FAULTS"
SEED = "HOLDFAST_FAULT_SEED"
FIXED_SEED = 4
"""Of the quick selection: a change that turns it red shall be the change's doing."""


class Scale(IntEnum):
    """How much is tried."""

    QUICK = 0
    ALL = 1
    LONG = 2

    def pick(self, quick: T, whole: T, long: T | None = None) -> T:
        """The size of something at this scale."""
        if self is Scale.QUICK:
            return quick
        return whole if self is Scale.ALL or long is None else long


def chosen_scale() -> Scale:
    """What the environment asks for.

    Raises:
        ValueError: a word that is none.
    """
    word = os.environ.get(CHOICE, "") or "quick"
    try:
        return Scale[word.upper()]
    except KeyError:
        raise ValueError(f'{CHOICE}="{word}": quick, all or long') from None


def chosen_seed(scale: Scale) -> int:
    """The seed of this run: given, fixed for the quick selection, or drawn."""
    given = os.environ.get(SEED)
    if given:
        return int(given)
    return FIXED_SEED if scale is Scale.QUICK else secrets.randbelow(1_000_000)


class Dice:
    """All randomness of one test.

    Args:
        seed: Of the run.
        name: Of the test: it throws the same whatever ran before it.
    """

    def __init__(self, seed: int, name: str) -> None:
        self.seed = seed
        self._random = Random(f"{seed}/{name}")

    def between(self, least: float, most: float) -> float:
        """A number of seconds, say."""
        return self._random.uniform(least, most)

    def below(self, count: int) -> int:
        """A number from 0."""
        return self._random.randrange(count)

    def choose(self, things: Sequence[T]) -> T:
        """One of them."""
        return self._random.choice(things)

    def shuffled(self, things: Sequence[T]) -> list[T]:
        """All of them in another order."""
        return self._random.sample(things, len(things))

    def chance(self, share: float) -> bool:
        """Yes in this share of the throws."""
        return self._random.random() < share

    def random(self) -> Random:
        """Dice for somebody else's use."""
        return Random(self._random.getrandbits(64))
