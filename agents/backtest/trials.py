"""Every silence of a history as a trial: who came back, who did not, and who was alarmed (model.md 9).

An *occasion* is all activity of a stream on one day. Each occasion that ends between `since` and the end of
the data less the horizon L begins a trial. The customer is *active* if the next occasion begins within L,
else *lapsed*. An alarm before the return of an active one is false; the delay of a lapsed one is that of
the alarm after the last event, L if there is none within L.

What is counted is kept in one counter of whole numbers, so that shares of the customers add up exactly,
in any order.
"""

from collections import Counter
from collections.abc import Iterable
from math import log
from typing import Final, NamedTuple

from streams.customer.cadence import SHORTEST_GAP
from streams.open_time import OpenTime
from streams.wire.times import DAY, HOUR

PACES_PER_LOG: Final = 50
"""Typical gaps are told apart to two per cent."""
UNPACED: Final = -(1 << 30)
"""The pace of who has shown fewer than `PACED` occasions."""
PACED: Final = 4
EXPERIENCES: Final = ("1", "2-3", "4-6", "7-12", "13+")
_BOUNDS: Final = (2, 4, 7, 13)
BOTH: Final = -1
"""The policy's number in what does not depend on a policy."""


class Key(NamedTuple):
    """What is counted.

    Attributes:
        stream: what fell silent.
        experience: number of the class of occasions so far (`EXPERIENCES`).
        pace: the own typical gap so far: `PACES_PER_LOG` times its logarithm in days; or `UNPACED`.
        policy: number of the policy, or `BOTH`.
        measure: ``active`` (by hours of the gap), ``active_ms``, ``lapsed``, ``false``, ``detected`` (by
            hours of the delay), ``delay_ms`` (undetected ones count as L), ``repeated``.
        hours: rounded up; 0 where there is no length.
    """

    stream: str
    experience: int
    pace: int
    policy: int
    measure: str
    hours: int = 0


class Gap:
    """The newest occasion of one customer on one stream, and the silence since."""

    __slots__ = ("alarms", "day", "end", "occasions", "sum")

    def __init__(self, at: int, day: int, policies: int) -> None:
        self.end, self.day = at, day
        self.occasions, self.sum = 1, 0.0
        self.alarms = [0] * policies


class Trials:
    """Counts the trials of some customers, who are told of in order of time.

    Args:
        horizons: L by stream (ms).
        since: when the first trial may begin (ms).
        end: the end of the data (ms).
        policies: how many.
        time: the brand's calendar: in its time zone days begin. Lengths are of all time, closed or not.
    """

    def __init__(
        self,
        horizons: dict[str, int],
        since: int,
        end: int,
        policies: int,
        time: OpenTime | None = None,
    ) -> None:
        self._horizons, self._since, self._end, self._policies = horizons, since, end, policies
        self._time = time
        self._gaps: dict[str, dict[bytes, Gap]] = {stream: {} for stream in horizons}
        self.counts: Counter[Key] = Counter()

    def act(self, key: bytes, streams: Iterable[str], at: int) -> None:
        """A person acted on these streams."""
        day = at // DAY if self._time is None else self._time.day(at)[0]
        for stream in streams:
            known = self._gaps[stream]
            gap = known.get(key)
            if gap is None:
                known[key] = Gap(at, day, self._policies)
            elif gap.day == day:
                gap.end = at
            else:
                self._judge(stream, gap, at)
                gap.sum += log(max(at - gap.end, SHORTEST_GAP) / DAY)
                gap.occasions += 1
                gap.end, gap.day = at, day
                gap.alarms = [0] * self._policies

    def alarm(self, policy: int, stream: str, key: bytes, at: int) -> None:
        """A policy's signal of silence opened; `at` (ms) is that of the signal."""
        gap = self._gaps[stream].get(key)
        if gap is None or at <= gap.end:
            return
        if gap.alarms[policy]:
            self.counts[Key(*_group(stream, gap), policy, "repeated")] += 1
        else:
            gap.alarms[policy] = at

    def finish(self) -> None:
        """The data end: who is silent for the horizon by then is lapsed."""
        for stream, gaps in self._gaps.items():
            for gap in gaps.values():
                self._judge(stream, gap, self._end + self._horizons[stream] + DAY)

    def _judge(self, stream: str, gap: Gap, start: int) -> None:
        """The silence ends at `start`: count it, if it is a trial."""
        horizon, length = self._horizons[stream], start - gap.end
        if not self._since <= gap.end <= self._end - horizon:
            return
        group = _group(stream, gap)
        if length <= horizon:
            self.counts[Key(*group, BOTH, "active", hours_of(length))] += 1
            self.counts[Key(*group, BOTH, "active_ms")] += length
        else:
            self.counts[Key(*group, BOTH, "lapsed")] += 1
        for policy, alarm in enumerate(gap.alarms):
            self._judge_alarm(Key(*group, policy, ""), alarm - gap.end if alarm else 0, length, horizon)

    def _judge_alarm(self, key: Key, delay: int, length: int, horizon: int) -> None:
        """Count what a policy said in a silence; ``delay`` (ms) is 0 if nothing."""
        if length <= horizon:
            if 0 < delay <= length:
                self.counts[key._replace(measure="false")] += 1
        elif 0 < delay <= horizon:
            self.counts[key._replace(measure="detected", hours=hours_of(delay))] += 1
            self.counts[key._replace(measure="delay_ms")] += delay
        else:
            self.counts[key._replace(measure="delay_ms")] += horizon


def hours_of(length: int) -> int:
    """A length (ms) in hours, rounded up."""
    return -(-length // HOUR)


def experience_of(occasions: int) -> int:
    """The class of so many occasions."""
    return sum(occasions >= bound for bound in _BOUNDS)


def _group(stream: str, gap: Gap) -> tuple[str, int, int]:
    """Stream, experience and pace of a customer at the end of an occasion."""
    paced = gap.occasions >= PACED
    pace = round(PACES_PER_LOG * gap.sum / (gap.occasions - 1)) if paced else UNPACED
    return stream, experience_of(gap.occasions), pace


def total(counts: Iterable[Counter[Key]]) -> Counter[Key]:
    """The sum of the counts of several shares."""
    whole: Counter[Key] = Counter()
    for part in counts:
        whole.update(part)
    return whole
