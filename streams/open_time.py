"""The time that counts: the brand's days, in its zone, and the time in which it is open (model.md 5, (11)).

Nobody can buy on a day on which everything is closed, so such a day is no silence. Lengths of silence are
measured in open time: closed days are left out, everything else is as long as it is. A deadline is mapped
back: it lies at the first moment by which so much open time has passed.

All moments and lengths are in ms, all arithmetic is in whole numbers, so that there and back again is exact.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from .wire.times import DAY, HOUR
from .zones import zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Span = tuple[int, int]
"""From a moment up to another, without it."""

FIRST: Final = date(2000, 1, 1).toordinal()
LAST_YEAR: Final = 2080
LAST: Final = date(LAST_YEAR, 1, 1).toordinal()
"""Weekly closing days are known from the first of these days up to the last, without it."""

DAYS_A_WEEK: Final = 7
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class OpenTime:
    """The days and the open time of a brand.

    Args:
        timezone: a name of the time zone database; days begin at its midnight.
        weekdays: closed each week, Monday is 0. Never all seven.
        closed: closed besides: spans of days, each with its first and last.
    """

    def __init__(
        self, timezone: str, weekdays: Iterable[int] = (), closed: Iterable[tuple[date, date]] = ()
    ) -> None:
        self._zone = zone(timezone)
        self._weekdays = frozenset(weekdays)
        self._days = tuple(closed)
        self._day_of_hour = lru_cache(maxsize=4096)(self._day)
        self.closes = bool(self._weekdays or self._days)

    @property
    def share(self) -> float:
        """The share of a common week that is open."""
        return 1.0 - len(self._weekdays) / DAYS_A_WEEK

    def day(self, at: int) -> Span:
        """The day in which a moment lies."""
        hour = at // HOUR
        day = self._day_of_hour(hour)
        while at >= day[1]:  # midnight within this hour
            hour += 1
            day = self._day_of_hour(hour)
        return day

    def between(self, since: int, until: int) -> int:
        """The open time from one moment to a later one."""
        if not self.closes:
            return until - since
        return until - since - (self._closed_before(until) - self._closed_before(since))

    def after(self, since: int, length: int) -> int:
        """The first moment at which so much open time has passed since another."""
        if not self.closes:
            return since + length
        _, opened, sums = self._closed
        target = since - self._closed_before(since) + length
        return max(since, target + sums[bisect_left(opened, target)])

    def closed_between(self, since: int, until: int) -> Iterator[Span]:
        """The closed spans that lie in a stretch of time, cut to it."""
        spans = self._closed[0]
        for start, end in spans[max(0, bisect_right(spans, (since, since)) - 1) :]:
            if start >= until:
                return
            if end > since:
                yield max(start, since), min(end, until)

    def _closed_before(self, at: int) -> int:
        """How long it was closed before a moment, since the first closed span."""
        spans, _, sums = self._closed
        number = bisect_right(spans, (at, at))  # spans that began before
        if number and spans[number - 1][1] > at:
            return sums[number - 1] + at - spans[number - 1][0]
        return sums[number]

    @cached_property
    def _closed(self) -> tuple[Sequence[Span], Sequence[int], Sequence[int]]:
        """The closed spans; how much open time had passed before each; how long the first 0, 1, 2 … are."""
        spans: list[Span] = []
        for day in sorted(self._closed_days()):
            start, end = self._midnight(day), self._midnight(day + 1)
            if spans and spans[-1][1] >= start:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
        sums = [0]
        for start, end in spans:
            sums.append(sums[-1] + end - start)
        return spans, [start - sums[number] for number, (start, _) in enumerate(spans)], sums

    def _closed_days(self) -> set[int]:
        """Every day that is closed, by its ordinal."""
        closed = {day for first, last in self._days for day in range(first.toordinal(), last.toordinal() + 1)}
        for weekday in self._weekdays:
            first = FIRST + (weekday + 1 - FIRST) % DAYS_A_WEEK  # the first day of all was a Monday
            closed.update(range(first, LAST, DAYS_A_WEEK))
        return closed

    def _day(self, hour: int) -> Span:
        """The day in which an hour begins."""
        day = (_EPOCH + timedelta(milliseconds=hour * HOUR)).astimezone(self._zone).toordinal()
        return self._midnight(day), self._midnight(day + 1)

    def _midnight(self, day: int) -> int:
        """When a day begins, by its ordinal: where the clocks skip midnight, when they do."""
        begins = datetime.fromordinal(day).replace(tzinfo=self._zone)
        return (begins - _EPOCH) // _MILLISECOND


def same_day(left: int, right: int, time: OpenTime | None) -> bool:
    """Whether two moments lie in one day; of UTC where no calendar says otherwise."""
    return left // DAY == right // DAY if time is None else time.day(left) == time.day(right)


def passed(since: int, until: int, time: OpenTime | None) -> int:
    """The time that counts from one moment to a later one."""
    return until - since if time is None else time.between(since, until)


def after(since: int, length: int, time: OpenTime | None) -> int:
    """The first moment at which so much of the time that counts has passed since another."""
    return since + length if time is None else time.after(since, length)
