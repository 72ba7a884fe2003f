"""How many lapse and how fast: every signal of one partition, counted once (G3, N13).

Counted is what a cut publishes, when it is through, and the counts lie in the changelog from that cut's
last portion on. Of a cut that a crash cut short, the customers who were done are not looked at again: their
signals stand in the outboxes of their rows, and are counted from there. So the counts are those of the
signals topic, whatever happened.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import msgspec

from .wire import row
from .wire.episodes import EPISODES, Count, Episodes, Lengths
from .wire.times import DAY, MINUTE, format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .wire.row import Item

WHOLE: Final = row.context_key("episodes", 0)
"""The changelog key of all counts."""

NEW: Final = row.context_key("episodes", 1)
"""The changelog key of what was counted since all was stored: small, for it is written at each such cut."""

KEPT: Final = 8
"""Days that are told one by one: a day more than the topic keeps."""

EDGES: Final = (1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365)
"""Days that part the classes of lengths."""

EARLIER: Final = -1
"""In place of a day: all those that are no longer told one by one."""

RETURNS: Final = frozenset({"returned", "reconsented", "resubscribed", "reinstalled", "retained"})
"""The reasons of a closing that say: recovered."""

_STORED_EVERY: Final = 10 * MINUTE
_MANY: Final = 100

About = tuple[str, str | None, str | None]
"""Kind, channel and cohort."""


class _Said(msgspec.Struct):
    """What of a signal is counted."""

    action: str
    kind: str
    channel: str | None
    started_at: str
    at: str
    cohort: str | int | float | bool | None
    reason: str | None = None


class _Counts(msgspec.Struct, array_like=True):
    """Counts by day, about and outcome; classes of lengths by about and what is measured.

    ``cut`` is the last one counted, ``at`` its time (ms); ``base`` the one of the whole to which these are to
    be added, ``since`` the first.
    """

    cut: int = 0
    at: int = 0
    base: int = 0
    since: int = 0
    signals: Counter[tuple[int, About, str]] = msgspec.field(default_factory=Counter)
    lengths: Counter[tuple[About, str, int]] = msgspec.field(default_factory=Counter)

    def add(self, other: _Counts) -> None:
        """Take in what was counted later."""
        self.cut, self.at = max(self.cut, other.cut), max(self.at, other.at)
        self.signals.update(other.signals)
        self.lengths.update(other.lengths)

    def count(self, said: _Said) -> None:
        """Count a signal."""
        cohort = said.cohort if said.cohort is None or isinstance(said.cohort, str) else _text(said.cohort)
        about, at = (said.kind, said.channel, cohort), parse_time(said.at)
        self.signals[at // DAY, about, said.reason or said.action] += 1
        if said.action == "opened":
            self.lengths[about, "silent", _class(at - parse_time(said.started_at))] += 1
        elif said.reason in RETURNS:
            self.lengths[about, "away", _class(at - parse_time(said.started_at))] += 1

    def reach(self, day: int) -> None:
        """Put what is too old to be told by the day with all that is earlier."""
        for key in [key for key in self.signals if EARLIER < key[0] <= day - KEPT]:
            self.signals[(EARLIER, *key[1:])] += self.signals.pop(key)


_said: Final = msgspec.json.Decoder(_Said)
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(tuple[int, int, int, int, list[Any], list[Any]]).decode


class Rates:
    """The signals of a partition, counted.

    Args:
        number: of the partition.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._whole = _Counts()
        self._new = _Counts()
        self._fresh = _Counts()  # of the cut in hand
        self._stored: dict[bytes, bytes] = {}
        self._told_at = self._at = 0
        self._changed, self._recovered = True, False

    # --- counting

    def take(self, items: Iterable[Item]) -> None:
        """Count the signals of an outbox."""
        for item in items:
            if item.topic == "signals":
                self._fresh.count(_said.decode(item.value))

    def owes(self, cut: int) -> bool:
        """Whether the outboxes of a cut's rows were not counted: a crash came before its end."""
        return cut > self._cut and not self._recovered

    def recovered(self) -> None:
        """All outboxes were seen that may be owed."""
        self._recovered = True

    def entries(self, n: int, at: int, epoch: int) -> dict[bytes, bytes | None]:
        """Cut ``n`` at ``at`` (ms) is through: what the changelog is to hold from its last portion on."""
        self._at = at
        if not self._fresh.signals and self._cut:
            return {}
        fresh, self._fresh = self._fresh, _Counts()
        fresh.cut, fresh.at, self._changed = n, at, True
        self._new.add(fresh)
        if not self._whole.since or at - self._whole.at >= _STORED_EVERY or len(self._new.signals) > _MANY:
            return self._store_whole(n, at, epoch)
        self._stored[NEW] = _packed(self._new)
        return {NEW: row.pack_context(epoch, self._stored[NEW])}

    def _store_whole(self, n: int, at: int, epoch: int) -> dict[bytes, bytes | None]:
        """Add up all there is."""
        self._whole.add(self._new)
        self._whole.reach(at // DAY)
        self._whole.since = self._whole.since or n
        self._new = _Counts(base=self._whole.cut)
        self._stored[WHOLE] = _packed(self._whole)
        return {WHOLE: row.pack_context(epoch, self._stored[WHOLE])}

    @property
    def _cut(self) -> int:
        return max(self._whole.cut, self._new.cut)

    # --- in the changelog

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take in what the changelog says.

        Raises:
            streams.wire.row.StoredFormError: if this version cannot read it.
        """
        if value is None:
            return
        self._stored[key] = row.context_payload(value)
        counts = _read(self._stored[key])
        if key == WHOLE:
            self._whole = counts
            if self._new.base != counts.cut:  # what was new before all was added up
                self._new = _Counts(base=counts.cut)
        elif counts.base == self._whole.cut:
            self._new = counts

    def current(self, key: bytes, epoch: int) -> bytes | None:
        """What the changelog must hold under a key."""
        payload = self._stored.get(key)
        return None if payload is None else row.pack_context(epoch, payload)

    # --- telling

    def report(self) -> bytes | None:
        """What is to be told now, if it is time: a minute after a change, else after ten."""
        since = self._at - self._told_at
        if not self._whole.since or since < (MINUTE if self._changed else _STORED_EVERY):
            return None
        self._told_at, self._changed = self._at, False
        return EPISODES.encode(self.told())

    def told(self) -> Episodes:
        """All that is told of the partition, up to the last cut that is through."""
        counts = _Counts(since=self._whole.since)
        counts.add(self._whole)
        counts.add(self._new)
        counts.reach(self._at // DAY)
        by_day = _by_day(counts.signals)
        return Episodes(
            partition=self._number,
            cut=counts.cut,
            at=self._at,
            since=counts.since,
            days={_date(day): by_day[day] for day in sorted(by_day) if day != EARLIER},
            earlier=by_day.get(EARLIER, []),
            edges=list(EDGES),
            lengths=_lengths(counts.lengths),
        )


def _date(day: int) -> str:
    """A day since 1970 as the wire writes it."""
    return format_time(day * DAY).partition("T")[0]


def _by_day(signals: Mapping[tuple[int, About, str], int]) -> dict[int, list[Count]]:
    """Counts as they are told, by day and in order."""
    found: dict[tuple[int, About], Count] = {}
    for (day, about, outcome), number in sorted(signals.items(), key=_order):
        kind, channel, cohort = about
        count = found.setdefault((day, about), Count(kind=kind, channel=channel, cohort=cohort, closed={}))
        if outcome in ("opened", "retracted"):
            setattr(count, outcome, number)
        else:
            count.closed[outcome] = number
    days: dict[int, list[Count]] = {}
    for (day, _), count in found.items():
        days.setdefault(day, []).append(count)
    return days


def _lengths(lengths: Mapping[tuple[About, str, int], int]) -> list[Lengths]:
    """Classes of lengths as they are told, in order."""
    found: dict[About, Lengths] = {}
    for (about, what, place), number in sorted(lengths.items(), key=_order):
        kind, channel, cohort = about
        none = [0] * (len(EDGES) + 1)
        empty = Lengths(kind=kind, channel=channel, cohort=cohort, silent=none[:], away=none)
        getattr(found.setdefault(about, empty), what)[place] = number
    return list(found.values())


def _order(item: tuple[tuple[Any, ...], int]) -> str:
    """Keys in an order that does not depend on when they came."""
    return repr(item[0])


def _class(length: int) -> int:
    """The class of a length (ms)."""
    return bisect_left(EDGES, length / DAY)


def _text(value: float | bool) -> str:  # noqa: FBT001 - a scalar of a profile
    """A cohort that is no text, as JSON writes it."""
    return msgspec.json.encode(value).decode()


def _packed(counts: _Counts) -> bytes:
    """The stored form."""
    signals, lengths = list(counts.signals.items()), list(counts.lengths.items())
    return _pack((counts.cut, counts.at, counts.base, counts.since, signals, lengths))


def _read(payload: bytes) -> _Counts:
    """Read the stored form.

    Raises:
        streams.wire.row.StoredFormError: if it is none of this version.
    """
    try:
        cut, at, base, since, signals, lengths = _unpack(payload)
        return _Counts(
            cut,
            at,
            base,
            since,
            Counter({(day, _about(about), outcome): number for (day, about, outcome), number in signals}),
            Counter({(_about(about), what, place): number for (about, what, place), number in lengths}),
        )
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        raise row.StoredFormError(f"the counts of a partition's signals: {type(error).__name__}") from None


def _about(given: Any) -> About:  # noqa: ANN401 - what was stored
    kind, channel, cohort = given
    return kind, channel, cohort
