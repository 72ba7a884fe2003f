"""The portion of a cut that is being put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .executed import Counts, Effect, Executed, Rejected

if TYPE_CHECKING:
    from collections.abc import Sequence

PORTION: Final = 1_000
"""Steps in a portion, each a few microseconds: a record read, a customer looked at, an effect made."""

GRAIN: Final = 16
"""It is looked at this often whether a portion is full: one is longer than asked for by a sixteenth or so."""


class Portion:
    """What a cut has done since the last portion was taken.

    Args:
        inputs: full names of the input topics.
        size: steps after which it is full.

    Attributes:
        counts: by the input's place in the catalogue.
        steps: what was done, in units of about the same cost.
    """

    def __init__(self, inputs: Sequence[str], size: int) -> None:
        self._inputs = inputs
        self.size = size
        self.grain = max(size // GRAIN, 1)
        self._begin()

    def _begin(self) -> None:
        self.rows: dict[bytes, bytes | None] = {}
        self.effects: list[Effect] = []
        self.rejects: list[Rejected] = []
        self.counts = [Counts() for _ in self._inputs]
        self.steps = 0

    @property
    def is_full(self) -> bool:
        """Whether it is time to let others go on."""
        return self.steps >= self.size

    def take(self) -> Executed:
        """What was done; the next portion begins."""
        counts = dict(zip(self._inputs, self.counts, strict=True))
        done = Executed(self.rows, self.effects, self.rejects, counts)
        self._begin()
        return done
