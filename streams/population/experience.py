"""How much of a rhythm a customer has shown: the classes by which a promise is judged and corrected.

The model errs differently on the first gaps than on the fortieth (model.md 9, by occasions), so that one
correction for all would help the experienced at the cost of the new.
"""

from __future__ import annotations

from typing import Final

BOUNDS: Final = (1, 3, 6, 12)
"""The gaps with which the next class begins: occasions 1, 2-3, 4-6, 7-12, 13 and more."""

CLASSES: Final = len(BOUNDS) + 1


def experience(x: int) -> int:
    """The class of a customer with ``x`` gaps, from 0."""
    for number, bound in enumerate(BOUNDS):
        if x < bound:
            return number
    return len(BOUNDS)
