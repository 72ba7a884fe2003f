"""How much each source tells, as one partition sees it: by five minutes, and what is usual for an hour (N5).

Events are counted by when they occurred, and told by the partition's own time, which moves only as far as
every input is read: a worker that lags, or was down, is no outage of a source. What is usual is learnt for
each hour of the week, recent weeks before older ones; hours of a known outage teach nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from .wire import row
from .wire.event import SHORT_TOPICS
from .wire.times import DAY, HOUR, MINUTE
from .wire.volumes import SLOT, TOKENS, VOLUMES, SourceVolume, Volumes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .context import Context

USUAL: Final = row.context_key("volumes", 0)
"""The changelog key of what is usual, stored when an hour was learnt."""

RECENT: Final = row.context_key("volumes", 1)
"""The changelog key of the newest slots, stored each minute: a crash misses less than that."""

SOURCES: Final = (*SHORT_TOPICS, TOKENS)
HOURS: Final = 7 * 24

HALF: Final = 0.5
"""What a week weighs against the one after it."""

WEEKS: Final = 1.5
"""The weight of the weeks from which on an hour is known: two of them."""

SETTLED: Final = 2 * HOUR
"""An hour is learnt when it is over for so long: late events have come by then."""

MORE: Final = 3 * HOUR
"""So much longer than the policy's window are slots kept."""

_GAP: Final = 14 * DAY // HOUR


class _Usual(msgspec.Struct, array_like=True):
    """Of one source, by hour of the week: discounted counts, and the discounted number of weeks."""

    counts: list[float] = msgspec.field(default_factory=lambda: [0.0] * HOURS)
    weeks: list[float] = msgspec.field(default_factory=lambda: [0.0] * HOURS)

    def learn(self, hour: int, count: int) -> None:
        """Take an hour in (its number since 1970)."""
        place = hour % HOURS
        self.counts[place] = HALF * self.counts[place] + count
        self.weeks[place] = HALF * self.weeks[place] + 1.0

    def of(self, hour: int) -> float | None:
        """How many events are usual in an hour; None while too few weeks are known."""
        place = hour % HOURS
        weeks = self.weeks[place]
        return round(self.counts[place] / weeks, 3) if weeks >= WEEKS else None


class _Profile(msgspec.Struct, array_like=True):
    """What is usual, by source, and the first hour that is not learnt yet."""

    hour: int = 0
    sources: dict[str, _Usual] = msgspec.field(default_factory=lambda: {name: _Usual() for name in SOURCES})


class _Recent(msgspec.Struct, array_like=True):
    """Counts by source and slot, the newest event by source; when this was stored (ms), the first hour."""

    slots: dict[str, dict[int, int]] = msgspec.field(default_factory=lambda: {name: {} for name in SOURCES})
    newest: dict[str, int] = {}
    at: int = 0
    begun: int = 0


_pack: Final = msgspec.msgpack.Encoder().encode
_unpack_profile: Final = msgspec.msgpack.Decoder(_Profile).decode
_unpack_recent: Final = msgspec.msgpack.Decoder(_Recent).decode


class SourceVolumes:
    """The volumes of a partition.

    Args:
        number: of the partition.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._profile = _Profile()
        self._recent = _Recent()
        self._stored: dict[bytes, bytes] = {}
        self._told = self._at = self._kept = 0
        self._counted = False  # since it was stored

    def take(self, source: str, times: Sequence[int]) -> None:
        """Count events by when they occurred (ms)."""
        if not times:
            return
        self._counted = True
        first, last = min(times), max(times)
        slots = self._recent.slots[source]
        if first // SLOT == last // SLOT:
            slots[first // SLOT] = slots.get(first // SLOT, 0) + len(times)
        else:
            for at in times:
                slots[at // SLOT] = slots.get(at // SLOT, 0) + 1
        self._recent.newest[source] = max(self._recent.newest.get(source, 0), last)

    def entries(self, context: Context, epoch: int) -> dict[bytes, bytes | None]:
        """A cut is through: learn the hours that are over, and give what the changelog is to hold."""
        at = self._at = context.at
        self._kept = context.policy.outage.window + MORE
        entries: dict[bytes, bytes | None] = {}
        if self._learn_hours(context) and self._recent.newest:
            self._stored[USUAL] = _pack(self._profile)
            entries[USUAL] = row.pack_context(epoch, self._stored[USUAL])
        if self._counted and at - self._recent.at >= MINUTE:
            self._forget_slots()
            self._recent.at, self._counted = at, False
            self._stored[RECENT] = _pack(self._recent)
            entries[RECENT] = row.pack_context(epoch, self._stored[RECENT])
        return entries

    def _learn_hours(self, context: Context) -> bool:
        """Learn the hours that are over and settled; false if there are none."""
        until = (context.at - SETTLED) // HOUR
        self._recent.begun = self._recent.begun or context.at // HOUR + 1  # the one before is not whole
        first = self._profile.hour or self._recent.begun
        self._profile.hour = max(first, until)
        for hour in range(max(first, until - _GAP), until):
            for name in SOURCES:
                source = "push" if name == TOKENS else name
                if not _touches(context.outages.of((source,)), hour) and not (
                    name == TOKENS and _touches(context.outages.bursts.get(source, ()), hour)
                ):
                    self._profile.sources[name].learn(hour, self._in_hour(name, hour))
        return until > first

    def _in_hour(self, name: str, hour: int) -> int:
        """The events of an hour."""
        slots, first = self._recent.slots[name], hour * HOUR // SLOT
        return sum(slots.get(slot, 0) for slot in range(first, first + HOUR // SLOT))

    def _forget_slots(self) -> None:
        """Drop slots that nobody asks for any more."""
        first = min((self._at - self._kept) // SLOT, self._profile.hour * HOUR // SLOT)
        for slots in self._recent.slots.values():
            for slot in [slot for slot in slots if slot < first]:
                del slots[slot]

    # --- in the changelog

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take in what the changelog says.

        Raises:
            streams.wire.row.StoredFormError: if this version cannot read it.
        """
        if value is None:
            return
        payload = self._stored[key] = row.context_payload(value)
        try:
            if key == USUAL:
                self._profile = _unpack_profile(payload)
            else:
                self._recent = _unpack_recent(payload)
        except msgspec.MsgspecError as error:
            raise row.StoredFormError(f"the volumes of a partition: {error}") from None

    def current(self, key: bytes, epoch: int) -> bytes | None:
        """What the changelog must hold under a key."""
        payload = self._stored.get(key)
        return None if payload is None else row.pack_context(epoch, payload)

    # --- telling

    def report(self) -> bytes | None:
        """What the population role is to know, once for each slot; None in between."""
        slot = (self._at - MINUTE) // SLOT
        if slot <= self._told or not self._at:
            return None
        self._told = slot
        return VOLUMES.encode(self.told())

    def told(self) -> Volumes:
        """The slots up to the partition's time, and what is usual for their hours."""
        end, first = self._at // SLOT, max((self._at - self._kept) // SLOT, 0)
        hours = range(first * SLOT // HOUR, self._at // HOUR + 1)
        return Volumes(
            partition=self._number,
            at=self._at,
            first=first,
            sources={
                name: SourceVolume(
                    newest=self._recent.newest.get(name, 0),
                    counts=[self._recent.slots[name].get(slot, 0) for slot in range(first, end)],
                    usual=[self._profile.sources[name].of(hour) for hour in hours],
                )
                for name in SOURCES
            },
        )


def _touches(spans: Sequence[tuple[int, int]], hour: int) -> bool:
    """Whether any of these spans lies in an hour, in part at least."""
    return any(since < (hour + 1) * HOUR and until > hour * HOUR for since, until in spans)
