"""From counted trials to what a marketer asks: how often wrong, how late, and who pays (model.md 9)."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import exp

from streams.wire.times import DAY, HOUR

from .intervals import Interval, rate, share
from .trials import BOTH, PACES_PER_LOG, UNPACED, Key

HOURS_A_DAY = 24
DAYS_A_YEAR = 365.25
THIRDS = ("fast", "middle", "slow")

Lengths = Counter[int]
"""How many of each length, in hours."""


@dataclass
class Verdict:
    """What came of some trials under one policy.

    Attributes:
        active: silences that ended within the horizon.
        active_ms: how long they were in all.
        gaps: by hours, how many of them.
        lapsed: silences that did not end within it.
        false: alarms in the active ones.
        detected: by hours of the delay, the lapsed ones that were alarmed.
        delay_ms: over all lapsed ones; who was not alarmed counts with the horizon.
        repeated: alarms beyond the first in one silence.
    """

    active: int = 0
    active_ms: int = 0
    gaps: Lengths = field(default_factory=Counter)
    lapsed: int = 0
    false: int = 0
    detected: Lengths = field(default_factory=Counter)
    delay_ms: int = 0
    repeated: int = 0

    @property
    def years(self) -> float:
        """Years that returners spent in their silences."""
        return self.active_ms / DAY / DAYS_A_YEAR

    @property
    def found(self) -> int:
        """Lapsed ones that were alarmed within the horizon."""
        return sum(self.detected.values())

    @property
    def per_year(self) -> Interval | None:
        """False alarms per returner-year."""
        return rate(self.false, self.years)

    @property
    def far(self) -> Interval | None:
        """The share of active silences that were alarmed."""
        return share(self.false, self.active)

    @property
    def precision(self) -> Interval | None:
        """Of the alarms, the share after which nobody returned within the horizon."""
        return share(self.found, self.found + self.false)

    @property
    def recall(self) -> float | None:
        """Of the lapsed ones, the share that was alarmed."""
        return self.found / self.lapsed if self.lapsed else None

    @property
    def delay(self) -> float | None:
        """Days from the last event to the alarm, on average over the lapsed ones."""
        return self.delay_ms / DAY / self.lapsed if self.lapsed else None

    def median_delay(self, horizon: int) -> float | None:
        """The median of the same; who was not alarmed counts with the horizon (ms)."""
        if not self.lapsed:
            return None
        delays = Counter(self.detected)
        delays[horizon // HOUR] += self.lapsed - self.found
        return _median(delays) / HOURS_A_DAY

    def before(self, days: int) -> float | None:
        """Of the lapsed ones, the share that was alarmed earlier than after so many days."""
        if not self.lapsed:
            return None
        early = sum(n for hours, n in self.detected.items() if hours <= days * HOURS_A_DAY)
        return early / self.lapsed

    def take(self, key: Key, number: int) -> None:
        """Take one count in."""
        if key.measure == "active":
            self.active += number
            self.gaps[key.hours] += number
        elif key.measure == "detected":
            self.detected[key.hours] += number
        else:
            setattr(self, key.measure, getattr(self, key.measure) + number)


def verdict(
    trials: Mapping[Key, int], stream: str, policy: int, wanted: Callable[[Key], bool] | None = None
) -> Verdict:
    """The verdict on a policy (its number) over the trials of a stream, or over some of them."""
    found = Verdict()
    for key, number in trials.items():
        if key.stream == stream and key.policy in (BOTH, policy) and (wanted is None or wanted(key)):
            found.take(key, number)
    return found


def of_fixed(v: Verdict, days: float, horizon: int, lots: Lengths | None = None) -> Verdict:
    """What a fixed rule would have come to on the same trials: everybody after so many days.

    Args:
        v: the trials.
        days: that everybody gets.
        horizon: in ms.
        lots: the lengths where the days were found (`equally_noisy`): between two, they stand for a lot.
    """
    hours = days * HOURS_A_DAY
    longer = _longer(v.gaps, hours) if lots is None else _longer_by_lot(v.gaps, hours, lots)
    within = hours <= horizon // HOUR
    return Verdict(
        active=v.active,
        active_ms=v.active_ms,
        gaps=v.gaps,
        lapsed=v.lapsed,
        false=round(longer),
        detected=Counter({round(hours): v.lapsed} if within and v.lapsed else {}),
        delay_ms=round((days * DAY if within else horizon) * v.lapsed),
    )


def equally_noisy(v: Verdict, false: float) -> float | None:
    """The days after which a fixed rule gives so many false alarms on these trials.

    Between two lengths that occur, it is interpolated: as if customers were drawn by lot for the one or the
    other. None if even no waiting gives so many.
    """
    lengths = sorted(v.gaps)
    if not lengths or false > v.active:
        return None
    points = [(0, v.active)]
    left = v.active
    for hours in lengths:
        left -= v.gaps[hours]
        points.append((hours, left))
    place = bisect_left([-n for _, n in points], -false)
    if place == 0 or points[place][1] == false:
        return points[place][0] / HOURS_A_DAY
    (h1, n1), (h2, n2) = points[place - 1], points[place]
    return (h1 + (h2 - h1) * (n1 - false) / (n1 - n2)) / HOURS_A_DAY


def thirds(trials: Mapping[Key, int], stream: str) -> tuple[int, int] | None:
    """The paces below which the fast and the middle third of the trials lie, of those who have a pace."""
    paces: Counter[int] = Counter()
    for key, number in trials.items():
        if key.stream == stream and key.measure in ("active", "lapsed") and key.pace != UNPACED:
            paces[key.pace] += number
    if not paces:
        return None
    return _share_of(paces, 1 / 3) + 1, _share_of(paces, 2 / 3) + 1


def third_of(key: Key, bounds: tuple[int, int]) -> int | None:
    """Number of the third that a trial belongs to; None without a pace."""
    return None if key.pace == UNPACED else sum(key.pace >= bound for bound in bounds)


def days_of_pace(pace: int) -> float:
    """The typical gap of a pace, in days."""
    return exp(pace / PACES_PER_LOG)


def _longer(lengths: Lengths, hours: float) -> int:
    return sum(n for length, n in lengths.items() if length > hours)


def _longer_by_lot(lengths: Lengths, hours: float, lots: Lengths) -> float:
    """How many are longer than what the lot between two lengths gives them."""
    low = max((length for length in lots if length < hours), default=0)
    high = min((length for length in lots if length >= hours), default=None)
    if high is None:
        return 0.0
    share = (hours - low) / (high - low) if high > low else 1.0
    return (1 - share) * _longer(lengths, low) + share * _longer(lengths, high)


def _median(lengths: Lengths) -> float:
    return float(_share_of(lengths, 0.5))


def _share_of(numbers: Counter[int], part: float) -> int:
    """The smallest number at or below which this part of the whole lies."""
    wanted, seen = part * sum(numbers.values()), 0
    for number in sorted(numbers):
        seen += numbers[number]
        if seen >= wanted:
            return number
    raise ValueError("nothing was counted")
