"""What a customer did on one surface since they were last seen on another: whether they moved (R10, N9).

Each surface keeps, for either of the two others, how many of its occasions began since the last act there,
and how long its gaps were to be expected to be before that. So it is known at once, when another surface
falls silent, whether this one began or rose around that time. Six bytes a surface, moved only by a new
occasion of its own, or by what comes late.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from streams.open_time import passed
from streams.wire.times import DAY, HOUR

if TYPE_CHECKING:
    from streams.open_time import OpenTime

SURFACES: Final = ("app", "web", "store")

OTHERS: Final = {"app": ("web", "store"), "web": ("app", "store"), "store": ("app", "web")}
"""The two others of a surface, in the order in which it keeps them."""

Elsewhere = tuple[int, int, int, int]
"""Of the first other surface and then of the second: occasions since the last act there (a byte), and the
gap to be expected before that (hours, 16 bits; 0: there was no rhythm)."""

NOWHERE: Final[Elsewhere] = (0, 0, 0, 0)

MOST: Final = 255
LONGEST: Final = 65_535
"""Hours: seven years."""

Others = tuple[int, int]
"""When a customer was last seen on the two others (ms), 0 for never."""

_HOURS: Final = DAY / HOUR


def counted(
    elsewhere: Elsewhere,
    n: float,
    mean: float,
    m2: float,
    began: int,
    ended: int,
    others: Others,
    time: OpenTime | None,
) -> Elsewhere:
    """Count a new occasion.

    Args:
        elsewhere: so far.
        n: sums of the gaps before it, as in a cadence.
        mean: likewise.
        m2: likewise.
        began: start of the occasion before it (ms).
        ended: end of the occasion before it (ms).
        others: when the others were last used.
        time: the calendar of the brand.
    """
    a, a_gap, b, b_gap = elsewhere
    first, second = others
    if first:
        if a and first < began:
            a = a + 1 if a < MOST else MOST
        else:  # the first since then; or older than these counters, whose rhythm so far is what it was before
            a, a_gap = 1, expected(n, mean, m2, passed(ended, first, time))
    if second:
        if b and second < began:
            b = b + 1 if b < MOST else MOST
        else:
            b, b_gap = 1, expected(n, mean, m2, passed(ended, second, time))
    return a, a_gap, b, b_gap


def begun(others: Others) -> Elsewhere:
    """The first occasion ever: there was nothing before it."""
    return (1 if others[0] else 0), 0, (1 if others[1] else 0), 0


def expected(n: float, mean: float, m2: float, silent: int) -> int:
    """The gap to be expected (hours): the mean of the log-normal that the sums describe.

    No less than it had already been silent (ms) when the other surface was last used: who comes back after a
    year begins anew. 0 without a gap: one visit is no rhythm.
    """
    if not n:
        return 0
    hours = _HOURS * math.exp(min(mean + m2 / (2.0 * n), 20.0))
    return min(max(round(hours), round(silent / HOUR), 1), LONGEST)
