"""What holds a stream's promise where the model alone would not: steering, a day at a time (model.md 2 (12)).

The rule ``steered`` has one number, c, for everybody. ``yearly`` and ``quantile`` keep their formula for each
customer, and a factor on the share of gaps that may alarm corrects it where the measured alarms leave the
promise: drift, a wrong model. For ``quantile`` each class of experience has a factor of its own, as its
promise is the same share for the new and for the experienced. A budget by the year has one: with several the
alarms would move to the experienced, who seldom leave, and come later for the new, who do.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from .experience import CLASSES
from .steering import START, DayOf, steered, stepped
from .watched import DAY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streams.wire.control import Known
    from streams.wire.population import StreamSums

DAYS_A_YEAR: Final = 365.25
HISTORY: Final = 1.5
"""In horizons: the history after which steering starts. Of a younger base only the short gaps have closed, so
that it looks too quiet, and would overshoot."""

_MOST: Final = math.log(8.0)
"""A factor stays between an eighth and eight: beyond that the prior is wrong, not the promise."""


class Promise(NamedTuple):
    """What the rules ask for to keep what they promise."""

    c: float = START
    correction: Sequence[float] = ()


def promise_of(parts: Sequence[StreamSums], today: int, former: Known | None, since: int | None) -> Promise:
    """The steering after the days that are over.

    Args:
        parts: the sums of the stream in every partition.
        today: the day (number since 1970) of the slowest partition.
        former: what was known before.
        since: the first day that was not over then.
    """
    promise = Promise(former.c, former.correction) if former is not None else Promise()
    rules = {(part.rule, part.per_year, part.alpha) for part in parts}
    begins = [part.since for part in parts if part.since is not None]
    if len(rules) > 1 or not begins:  # partitions change to another policy one after the other
        return promise
    first = min(begins) + math.ceil(HISTORY * max(part.horizon for part in parts) / DAY)
    news = range(max(first, since if since is not None else first), today)
    rule = parts[0].rule
    days = {day: _by_experience(parts, day) for day in sorted({day for part in parts for day in part.days})}
    if rule == "steered":
        return promise._replace(c=steered(promise.c, _whole(days), news))
    if rule == "quantile":
        return promise._replace(correction=_corrected(promise.correction, days, news))
    if rule == "yearly":
        whole = {day: [one] * CLASSES for day, one in _whole(days).items()}
        return promise._replace(correction=_corrected(promise.correction, whole, news))
    return promise


def _by_experience(parts: Sequence[StreamSums], day: int) -> list[DayOf]:
    """What was allowed and what was alarmed on a day, by experience."""
    mine = [(part, part.days[day]) for part in parts if day in part.days]
    return [
        DayOf(
            sum(
                part.alpha * counts.closed[k]
                if part.rule == "quantile"
                else part.per_year * counts.length[k] / DAY / DAYS_A_YEAR
                for part, counts in mine
            ),
            sum(counts.alarmed[k] for _, counts in mine),
        )
        for k in range(CLASSES)
    ]


def _whole(days: Mapping[int, Sequence[DayOf]]) -> dict[int, DayOf]:
    """The same of all classes together."""
    return {
        day: DayOf(sum(one.target for one in classes), sum(one.alarms for one in classes))
        for day, classes in days.items()
    }


def _corrected(
    correction: Sequence[float], days: Mapping[int, Sequence[DayOf]], news: range
) -> Sequence[float]:
    """The factors after these further days."""
    if not correction and not any(day in days for day in news):
        return ()
    factors = []
    for k in range(CLASSES):
        position = math.log(correction[k]) if correction else 0.0
        for day in news:
            position -= stepped({d: classes[k] for d, classes in days.items()}, day)
            position = min(max(position, -_MOST), _MOST)
        factors.append(math.exp(position))
    return factors
