"""The surfaces of a customer keep count of each other (``elsewhere``), whatever comes when.

What comes in order is counted as it comes. What comes late is put right as far as the newest gap reaches,
as in ``cadence``: there everything is known that is needed. Further back counts stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.open_time import passed

from .cadence import before_newest, last_of
from .elsewhere import MOST, OTHERS, begun, counted, expected

if TYPE_CHECKING:
    from collections.abc import Callable

    from streams.open_time import OpenTime

    from .cadence import Cadence
    from .state import Customer


def with_elsewhere(
    customer: Customer,
    surface: str,
    old: Cadence | None,
    new: Cadence,
    forgetting: float,
    time: OpenTime | None,
) -> Cadence:
    """The cadence of a surface after activity, with what it counts of the others."""
    first, second = (last_of(getattr(customer, other)) for other in OTHERS[surface])
    if old is None:
        return new.with_elsewhere(begun((first, second)))
    if new.last == old.last:  # late
        a = _late(old.elsewhere[:2], old, new, first, forgetting, time)
        b = _late(old.elsewhere[2:], old, new, second, forgetting, time)
        return new.with_elsewhere((*a, *b))
    if new.start == old.start:
        return new
    sums = old.n, old.mean, old.m2, old.start, old.last
    return new.with_elsewhere(counted(old.elsewhere, *sums, (first, second), time))


def correct_others(
    customer: Customer, surface: str, forgetting: Callable[[str], float], time: OpenTime | None
) -> None:
    """See to the counts of the others after activity on a surface that came later than theirs."""
    last = last_of(getattr(customer, surface))
    for other in OTHERS[surface]:
        c: Cadence | None = getattr(customer, other)
        if c is None or c.start <= last:
            continue
        first = _first_since(c, last, forgetting(other), time)
        if first is not None:
            a, b = c.elsewhere[:2], c.elsewhere[2:]
            elsewhere = (*first, *b) if OTHERS[other][0] == surface else (*a, *first)
            setattr(customer, other, c.with_elsewhere(elsewhere))


def _late(
    counts: tuple[int, int], old: Cadence, new: Cadence, other: int, forgetting: float, time: OpenTime | None
) -> tuple[int, int]:
    """What is counted of another surface after late activity between the last two occasions."""
    if not other or other >= new.start:
        return counts
    count, gap = counts
    grown = min(count + new.x - old.x, MOST) if count else 0
    return _first_since(new, other, forgetting, time) or (grown, gap)


def _first_since(c: Cadence, other: int, forgetting: float, time: OpenTime | None) -> tuple[int, int] | None:
    """What is counted where the newest occasion is the first since another surface was used; else None."""
    if other < c.previous:
        return None
    if not c.previous:
        return 1, 0
    _, n, mean, m2 = before_newest(c, forgetting, time)
    return 1, expected(n, mean, m2, passed(c.previous, other, time))
