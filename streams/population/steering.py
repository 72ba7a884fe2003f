"""Holding a budget by steering: one number moves a little each day so that the promise holds (model.md (12)).

Over the gaps that closed within L on a day, T is what the budget allows, E is how many had an alarm. What is
steered goes up where there were too many, so that alarms come later.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MEAN_OVER: Final = 30
"""Days of the running mean of T."""

_GAIN: Final = 60.0
_LEAST: Final = 5.0 / 60.0
"""With few gaps a day is chance: below this mean a false alarm moves c as if the mean were this."""

START: Final = 0.7
_SPAN: Final = 3.0


class DayOf(NamedTuple):
    """A day: the alarms that the budget allowed, and those that there were."""

    target: float
    alarms: float


def steered(c: float, days: Mapping[int, DayOf], news: Iterable[int]) -> float:
    """The precision to ask for after these further days, by their numbers; ``days`` are those before, too."""
    position, middle = _logit(c), _logit(START)
    for day in news:
        position = min(max(position + stepped(days, day), middle - _SPAN), middle + _SPAN)
    return 1.0 / (1.0 + math.exp(-position))


def stepped(days: Mapping[int, DayOf], day: int) -> float:
    """How far a day moves what is steered: up where there were more alarms than allowed."""
    if day not in days:
        return 0.0
    return (days[day].alarms - days[day].target) / (_GAIN * max(_mean(days, day), _LEAST))


def _mean(days: Mapping[int, DayOf], day: int) -> float:
    """The mean of what was allowed over the days up to this one."""
    first = max(min(days), day - MEAN_OVER + 1)
    return sum(days[d].target for d in range(first, day + 1) if d in days) / (day + 1 - first)


def _logit(p: float) -> float:
    return math.log(p / (1.0 - p))
