"""Whether a source is quiet for everybody, or tokens are revoked in a burst: the judgement of the role (N5).

All partitions together are compared with what is usual for these hours of the week. It says nothing

- before two weeks of these hours are known, or where fewer than ``LEAST`` events would be usual in the
  window: a brand with few events needs a longer ``outage.window``, and must not flap;
- beyond the time that every partition has reached: a lagging worker is no outage of a source;
- against a person's word. A person's ``quiet`` or ``burst`` stands until a person says ``healthy``; after
  that, and after an outage that was given up, a source must have been seen well before it is judged again.

An outage begins with the last event, or where some still come with the first of the slots that are poor up to
now; it ends with the last poor one, once the volume of a quarter of an hour is back to half of the usual. One
that lasts a week is given up: it is the new usual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from .wire.control import SourceFact
from .wire.event import SHORT_TOPICS
from .wire.times import DAY, HOUR, MINUTE
from .wire.volumes import SLOT, TOKENS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from .policy.model import Policy
    from .wire.volumes import Volumes

LEAST: Final = 50.0
"""Fewer events than that in the window are no volume: a fifth of it would come by chance now and then."""

BACK: Final = 0.5
"""The share of the usual volume at which a source is well; from there to the ratio it stays as it is."""

BACK_WITHIN: Final = 3
"""Slots over which that is looked at, at least."""

ENOUGH: Final = 20.0
"""Events that would be usual in those slots, at least; and revoked tokens that make a burst."""

GIVEN_UP: Final = 7 * DAY
RELEARNT: Final = 21 * DAY
"""After this time what was given up is what is usual."""


class Series(NamedTuple):
    """A source in all partitions: events and usual events by slot, the newest slot last.

    Attributes:
        end: the number of the slot after the last one.
        counts: events.
        usual: events that would be usual, None where that is not known.
        newest: when the newest event occurred (ms).
    """

    end: int
    counts: Sequence[int]
    usual: Sequence[float | None]
    newest: int

    def last(self, slots: int) -> tuple[int, float | None]:
        """Events in so many of the last slots, and how many would be usual there."""
        usual = self.usual[-slots:]
        known = [one for one in usual if one is not None]
        whole = len(known) == len(usual) == slots
        return sum(self.counts[-slots:]), sum(known) if whole else None

    def moment(self, place: int) -> int:
        """When the slot at a place begins (ms)."""
        return (self.end - len(self.counts) + place) * SLOT


class Health:
    """What the role remembers from one judgement to the next.

    Attributes:
        shares: of the sources that could be judged last time, how much of the usual came in the window.
    """

    def __init__(self) -> None:
        self.shares: dict[str, float] = {}
        self._well: dict[str, int] = {}

    def judge(
        self, told: Collection[Volumes], stands: Mapping[str, SourceFact], policy: Policy
    ) -> list[SourceFact]:
        """What is to be said now, given what every partition tells and what was said last of each source."""
        end = (min(volumes.at for volumes in told) - MINUTE) // SLOT
        slots = max(policy.outage.window // SLOT, 1)
        self.shares = {}
        said = (self._judge(source, told, end, slots, stands.get(source), policy) for source in SHORT_TOPICS)
        return [fact for fact in said if fact is not None]

    def _judge(
        self,
        source: str,
        told: Collection[Volumes],
        end: int,
        slots: int,
        stands: SourceFact | None,
        policy: Policy,
    ) -> SourceFact | None:
        """One source."""
        series = series_of(told, source, end)
        if series is None:
            return None
        came, usual = series.last(slots)
        if usual is not None and usual >= LEAST:
            self.shares[source] = came / usual
            if came >= BACK * usual:
                self._well[source] = end * SLOT
        if stands is not None and stands.state != "healthy":
            if stands.by is None:
                return None  # a person said so
            tokens = series_of(told, TOKENS, end) if stands.state == "burst" else None
            over = _burst_is_over(tokens, slots, policy) if tokens else _ended(series, stands.since, policy)
            return over and _fact(source, "healthy", *over)
        if not self._may(source, stands, end):
            return None
        if usual is not None and usual >= LEAST and came < policy.outage.ratio * usual:
            since = _began(series, policy)
            return _fact(source, "quiet", since) if since < end * SLOT else None  # else it is back already
        tokens = series_of(told, TOKENS, end) if source == "push" else None
        burst = _burst_since(tokens, slots, policy) if tokens else None
        return _fact(source, "burst", burst) if burst else None

    def _may(self, source: str, stands: SourceFact | None, end: int) -> bool:
        """Whether a source may be judged: not while what was given up, or denied by a person, goes on."""
        if stands is None or stands.by == "volume" or end * SLOT - stands.since > RELEARNT:
            return True
        return self._well.get(source, 0) > stands.since


def _fact(source: str, state: str, since: int, by: str = "volume") -> SourceFact:
    return SourceFact(source=source, state=state, since=since, by=by)  # type: ignore[arg-type] # words from here


def series_of(told: Collection[Volumes], source: str, end: int) -> Series | None:
    """A source in all partitions, up to a slot; None if there is nothing."""
    first = max(volumes.first for volumes in told)
    if end <= first:
        return None
    counts = [0] * (end - first)
    usual: list[float | None] = [0.0] * (end - first)
    newest = 0
    for volumes in told:
        volume = volumes.sources.get(source)
        if volume is None:
            return None
        newest = max(newest, volume.newest)
        for place in range(end - first):
            slot = first + place
            counts[place] += volume.counts[slot - volumes.first]
            hour = volume.usual[slot * SLOT // HOUR - volumes.first * SLOT // HOUR]
            before = usual[place]
            usual[place] = None if hour is None or before is None else before + hour * SLOT / HOUR
    return Series(end, counts, usual, newest)


def _began(series: Series, policy: Policy) -> int:
    """Since when a source is quiet (ms): its last event, or the first of the poor slots where some come."""
    if series.end * SLOT - series.newest >= policy.outage.window / 2:
        return series.newest
    came, usual, place = 0, 0.0, len(series.counts)
    while place:
        slot = series.usual[place - 1]
        if slot is None or series.counts[place - 1] > BACK * slot:
            break
        came, usual = came + series.counts[place - 1], usual + slot
        if came > policy.outage.ratio * usual:
            break
        place -= 1
    return series.moment(place)


def _ended(series: Series, since: int, policy: Policy) -> tuple[int, str] | None:
    """When a quiet source was well again (ms), and by what that is judged; None while it is not."""
    now = series.end * SLOT
    if now - since > GIVEN_UP:
        return now, "age"
    slots = BACK_WITHIN
    while slots < len(series.counts) and (series.last(slots)[1] or ENOUGH) < ENOUGH:
        slots += 1
    came, usual = series.last(slots)
    if usual is None or came < max(BACK, min(2 * policy.outage.ratio, 1.0)) * usual:
        return None
    place = len(series.counts)
    while place and series.counts[place - 1] > policy.outage.ratio * (series.usual[place - 1] or 0.0):
        place -= 1
    return max(series.moment(place), since + 1), "volume"


def _burst_since(tokens: Series, slots: int, policy: Policy) -> int | None:
    """Since when tokens are revoked in a burst (ms); None if they are not."""
    came, usual = tokens.last(slots)
    if usual is None or came < ENOUGH or came <= policy.uninstall.burst * usual:
        return None
    start = len(tokens.counts) - slots
    share = policy.uninstall.burst * usual / slots
    place = next(i for i in range(start, len(tokens.counts)) if tokens.counts[i] > share)
    return tokens.moment(place)


def _burst_is_over(tokens: Series, slots: int, policy: Policy) -> tuple[int, str] | None:
    """When a burst was over (ms): once less than half of what makes one came in the window."""
    came, usual = tokens.last(slots)
    if usual is None or came > max(policy.uninstall.burst * usual, ENOUGH) / 2:
        return None
    return tokens.end * SLOT, "volume"
