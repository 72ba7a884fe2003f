"""How rhythms moved, noted for the statistics over all customers (design.md 8).

One flat array of numbers: noting a move costs some tenths of a microsecond, and what follows from it is
worked out for thousands at once (``streams.statistics``). Nothing here decides anything about a customer.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

from streams.population.stream import NOBODY

from .state import STREAMS

if TYPE_CHECKING:
    from .cadence import Cadence
    from .state import Customer

GROUPS: Final = 16
"""Cohorts with numbers of their own; customers of further ones are everybody's alone."""

_NUMBERS: Final = {stream: number for number, stream in enumerate(STREAMS)}


class Moves:
    """The moves of one partition since they were last worked in.

    Attributes:
        numbers: those of ``streams.population.stream`` for each move.
        groups: the cohorts, by their place; the first is of those without one.
    """

    def __init__(self) -> None:
        self.numbers = array("d")
        self.groups: list[str] = [""]

    def group(self, cohort: str) -> int:
        """The place of a cohort."""
        if cohort in self.groups:
            return self.groups.index(cohort)
        if len(self.groups) > GROUPS:
            return 0
        self.groups.append(cohort)
        return len(self.groups) - 1

    def note(self, stream: str, cohort: str, old: Cadence | None, new: Cadence) -> None:
        """A rhythm moved: a new occasion began, or late data changed the gaps before."""
        before = NOBODY if old is None else (old.x, old.n, old.mean, old.m2)
        after = (new.x, new.n, new.mean, new.m2)
        began = old is None or (new.last > old.last and new.x != old.x)
        if began or before != after:
            last, due = (old.last, old.due_at) if old is not None else (0, 0)
            start = new.start if began else 0
            self.numbers.extend((_NUMBERS[stream], self.group(cohort), *before, *after, last, start, due))

    def leave(self, customer: Customer, cohort: str) -> None:
        """A customer is forgotten, or leaves this cohort."""
        self._all(customer, cohort, leaves=True)

    def enter(self, customer: Customer, cohort: str) -> None:
        """A customer with a rhythm enters this cohort."""
        self._all(customer, cohort, leaves=False)

    def _all(self, customer: Customer, cohort: str, *, leaves: bool) -> None:
        for number, c in enumerate(customer.cadences()):
            if c is not None:
                sums, place = (c.x, c.n, c.mean, c.m2), self.group(cohort)
                change = (*sums, *NOBODY) if leaves else (*NOBODY, *sums)
                self.numbers.extend((number, place, *change, 0, 0, 0))
