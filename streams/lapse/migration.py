"""R10, N9: a stop on one surface that a start or a rise on another explains (mission.md 5, ``migration``).

Whoever no longer comes to the store because they shop on the site now has not lapsed. So before the silence
of a surface opens anything, the two others are asked what was done there since the last act here. Enough
visits, at a rate that has clearly grown or from nothing, explain the stop: nothing opens, the deadline is
gone, and the row remembers where the customer went, until there is activity here again. One or two such
visits decide nothing yet: the deadline is put off, once, by one typical gap.

Visits are occasions: what is done on one day counts once. What was kept up at its old pace explains nothing,
and puts nothing off: evenly kept, ``k`` visits can look like at most ``k / (k - 1)`` times their rate, so
three of them need the full ratio and fewer than that are held to one visit less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from streams.customer.cadence import NEVER
from streams.customer.elsewhere import OTHERS
from streams.customer.state import Migration
from streams.open_time import after, passed, same_day
from streams.wire.times import DAY, HOUR, format_days, format_time

from .evidence import Act, Conclusion, Facts
from .kinds import SILENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.customer.cadence import Cadence
    from streams.customer.state import Customer
    from streams.open_time import OpenTime
    from streams.policy.model import Policy

MIGRATED: Final = "migrated"
"""Why an episode closes that a migration explains."""

UNDECIDED: Final = "migration_undecided"
"""Why a deadline is put off."""


class Seen(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What was done on another surface since the last act on the one that is silent.

    Attributes:
        surface: the other one.
        visits: occasions since, within ``silent`` (ms of the time that counts).
        gap: what was to be expected between two of them before (hours), 0 where there was no rhythm.
    """

    surface: str
    visits: int
    silent: int
    gap: int = 0

    def has_grown(self, visits: int, ratio: float) -> bool:
        """Whether so many visits are that much more than before, or the first ever."""
        return not self.gap or visits * self.gap * HOUR >= ratio * self.silent

    def words(self) -> dict[str, Any]:
        """The same for people."""
        return {"visits": self.visits, "gap_before": format_days(self.gap * HOUR) if self.gap else None}


class MoveFacts(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Everything that tells whether a customer moved from a surface to another.

    Attributes:
        seen: the others on which something was done since.
        explained: visits that explain a stop.
        ratio: how much their rate must have grown.
        put_off: the deadline (ms) that was put off already, 0 if it was not.
    """

    seen: list[Seen] = []
    explained: int
    ratio: float
    put_off: int = 0

    def target(self) -> str:
        """The surface moved to, where that explains the stop; empty else. The busiest, if there are two."""
        enough = [
            seen
            for seen in self.seen
            if seen.visits >= self.explained and seen.has_grown(seen.visits, self.ratio)
        ]
        return max(enough, key=lambda seen: seen.visits).surface if enough else ""

    def is_undecided(self) -> bool:
        """Whether there are such visits, and too few of them."""
        return not self.target() and any(
            seen.visits < self.explained and seen.has_grown(seen.visits - 1, self.ratio) for seen in self.seen
        )

    def words(self) -> dict[str, Any]:
        """What was seen elsewhere, for people; nothing if there was nothing."""
        if not self.seen:
            return {}
        told: dict[str, Any] = {seen.surface: seen.words() for seen in self.seen}
        if self.put_off:
            told["put_off_to"] = format_time(self.put_off)
        return {"elsewhere": told}


def facts_of(
    customer: Customer, surface: str, c: Cadence, now: int, policy: Policy, others: Sequence[str] = ()
) -> MoveFacts:
    """What tells at ``now`` (ms) whether the customer moved from a surface to one of the others."""
    settings, time, entry = policy.migration, policy.calendar.open_time, found(customer, surface, c)
    seen = (_seen(customer, surface, other, c.last, now, time) for other in others or OTHERS[surface])
    return MoveFacts(
        seen=[one for one in seen if one is not None],
        explained=settings.explained,
        ratio=settings.ratio,
        put_off=entry.due_at if entry is not None and not entry.to else 0,
    )


def _seen(
    customer: Customer, surface: str, other: str, last: int, now: int, time: OpenTime | None
) -> Seen | None:
    """What was done on another surface since ``last`` (ms), None for nothing on a later day."""
    c: Cadence | None = getattr(customer, other)
    if c is None or c.start <= last or same_day(c.start, last, time):
        return None
    a, a_gap, b, b_gap = c.elsewhere
    visits, gap = (a, a_gap) if OTHERS[other][0] == surface else (b, b_gap)
    if not visits:
        return None
    silent = passed(last, max(now, c.last), time)
    return Seen(surface=other, visits=visits, silent=silent, gap=gap)


def found(customer: Customer, surface: str, c: Cadence) -> Migration | None:
    """What the row remembers of this silence of a surface: activity since then has ended it."""
    for entry in customer.migrations:
        if entry.surface == surface and entry.since == c.last:
            return entry
    return None


def explains(customer: Customer, surface: str) -> Migration | None:
    """The migration that explains the silence of a surface, if one does."""
    c: Cadence | None = getattr(customer, surface)
    entry = found(customer, surface, c) if c is not None else None
    return entry if entry is not None and entry.to else None


def remember(customer: Customer, entry: Migration) -> None:
    """Keep what was found of a surface's silence, in place of what was kept of it before."""
    customer.migrations = [e for e in customer.migrations if e.surface != entry.surface] + [entry]


def judged(
    customer: Customer, surface: str, move: MoveFacts, due_at: int, typical_days: float, policy: Policy
) -> int:
    """Judge the stop of a surface that is due (ms), and remember what was found.

    Returns:
        The deadline from now on: ``NEVER`` where a migration explains the stop; later by one typical gap
        (days) where that is undecided and was not put off yet; else what it was.
    """
    c, to = getattr(customer, surface), move.target()
    if to:
        remember(customer, Migration(surface, to, c.last, due_at))
        return NEVER
    if not move.is_undecided() or move.put_off:
        return due_at
    delay = min(round(typical_days * DAY), policy.migration.delay_max)
    until = after(due_at, delay, policy.calendar.open_time)
    remember(customer, Migration(surface, "", c.last, until))
    return until


def outcome(entry: Migration) -> str:
    """The outcome in the words of mission.md 9: ``migrated(store→web)``."""
    return f"{MIGRATED}({entry.surface}→{entry.to})"


def due_of(customer: Customer, surface: str) -> int:
    """The deadline (ms) of a surface's silence, whether it is explained or not; 0 where it was never used."""
    entry, c = explains(customer, surface), getattr(customer, surface)
    if entry is not None:
        return entry.due_at
    return c.due_at if c is not None else 0


def put_due(customer: Customer, surface: str, at: int) -> None:
    """Put the deadline of a surface's silence at ``at`` (ms), whether it is explained or not."""
    entry = explains(customer, surface)
    if entry is not None:
        entry.due_at = at
    else:
        setattr(customer, surface, getattr(customer, surface).due(at))


class MovedFacts(Facts, tag="moved"):
    """Activity elsewhere that explains a stop which stands open: it is over, or it never was.

    Attributes:
        stream: the surface that was silent.
        started_at: of the episode (ms).
        opened_at: its deadline (ms).
        act: what was done elsewhere.
        move: whether that explains it.
        seen_until: when the customer was last seen there (ms).
        too_late: whether it was heard of too late to take the episode back.
    """

    stream: str
    started_at: int
    opened_at: int
    act: Act
    move: MoveFacts
    seen_until: int
    too_late: bool = False

    def conclude(self) -> Conclusion | None:
        """Retracted where all of it lay before the deadline, else closed; None if it explains nothing."""
        to = self.move.target()
        if not to:
            return None
        kind, at = SILENCE[self.stream], self.act.occurred_at
        words = {"event": self.act.words(), "outcome": f"{MIGRATED}({self.stream}→{to})", **self.move.words()}
        if self.seen_until <= self.opened_at and not self.too_late:
            return Conclusion(kind, "retracted", self.started_at, at, words)
        return Conclusion(kind, "closed", self.started_at, max(at, self.opened_at), words, reason=MIGRATED)
