"""The facts of D2 and D3, which follow from D1 and visits, and the verdicts that follow from them."""

from __future__ import annotations

from typing import Any

import msgspec

from streams.wire.times import DAY, format_days, format_time

from .evidence import Conclusion, Facts
from .kinds import DEAF_EVERYWHERE, PRESENT_BUT_DEAF


class Deaf(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A channel on which D1 is open since ``since`` (ms), and the deliveries that are remembered there."""

    channel: str
    surface: str | None = None
    since: int
    sends: tuple[int, ...] = ()

    def name(self) -> str:
        """As a person would say it: ``push (web)``."""
        return f"{self.channel} ({self.surface})" if self.surface else self.channel


class PresentFacts(Facts, tag="present_but_deaf"):
    """D2 at ``at`` (ms): messages are ignored on these channels, and the app or site is still used.

    ``visit`` is the last visit (ms), which is presence for ``window`` (ms).
    """

    at: int
    deaf: tuple[Deaf, ...]
    visit: int
    window: int

    def conclude(self) -> Conclusion | None:
        """Present but deaf, if there is a channel that was ignored by then, and they were present then."""
        is_deaf = any(deaf.since <= self.at for deaf in self.deaf)
        if not is_deaf or not self.visit <= self.at < self.visit + self.window:
            return None
        return Conclusion(PRESENT_BUT_DEAF, "opened", self.visit, self.at, self.words())

    def words(self) -> dict[str, Any]:
        """The same for people."""
        return {
            "channels": {deaf.name(): {"deaf_since": format_time(deaf.since)} for deaf in self.deaf},
            "last_visit_at": format_time(self.visit) if self.visit else None,
        }


class AbsentFacts(Facts, tag="absent"):
    """The end of D2 by absence: no visit to the app or site for ``window`` (ms) since ``visit`` (ms)."""

    started_at: int
    visit: int
    window: int

    def conclude(self) -> Conclusion:
        """Superseded when the presence was over."""
        words = {"last_visit_at": format_time(self.visit), "absent": format_days(self.window)}
        at = self.visit + self.window
        return Conclusion(PRESENT_BUT_DEAF, "closed", self.started_at, at, words, reason="superseded")


class EverywhereFacts(Facts, tag="deaf_everywhere"):
    """D3 at ``at`` (ms): D1 on all open channels for long, regular visits, and no other sign of lapse.

    Attributes:
        at: the moment that is judged.
        deaf: the channels that are open, all of them deaf, with their deliveries.
        consistent: for how long (ms), with ``consistent_sends`` on each in that time.
        visits: the beginnings (ms) of recent days with a visit to app or site.
        day: the beginning of the day of ``at``.
        regular: visit days in the last ``regular_days`` days that are regular.
    """

    at: int
    deaf: tuple[Deaf, ...]
    consistent: int
    consistent_sends: int
    visits: tuple[int, ...]
    day: int
    regular: int
    regular_days: int

    def conclude(self) -> Conclusion | None:
        """Deaf everywhere, and present, if all of that holds at this moment."""
        if not self.deaf or self.visit_days() < self.regular or not self.is_consistent():
            return None
        return Conclusion(DEAF_EVERYWHERE, "opened", self.at, self.at, self.words())

    def words(self) -> dict[str, Any]:
        """The same for people."""
        return {
            "channels": {
                deaf.name(): {"deaf_since": format_time(deaf.since), "delivered": self._sends(deaf)}
                for deaf in self.deaf
            },
            "visit_days": self.visit_days(),
        }

    def visit_days(self) -> int:
        """Days with a visit, of the last ones up to this. Not every day has 24 hours."""
        after = self.day - self.regular_days * DAY + DAY // 2
        return sum(after < day <= self.day for day in self.visits)

    def is_consistent(self) -> bool:
        """Whether each channel was ignored for long enough, and often enough."""
        return all(
            deaf.since + self.consistent <= self.at and self._sends(deaf) >= self.consistent_sends
            for deaf in self.deaf
        )

    def _sends(self, deaf: Deaf) -> int:
        """Deliveries on a channel in that time."""
        return sum(self.at - self.consistent < at <= self.at for at in deaf.sends)


class ConsequenceFacts(Facts, tag="consequence"):
    """The end of D2 or D3 by what happened to another episode.

    The cause is a D1 that ended, or another sign of lapse that opened. ``opened_at`` is when this one became
    true (ms).
    """

    kind: str
    started_at: int
    opened_at: int
    cause: str
    cause_action: str
    cause_at: int
    cause_channel: str | None = None
    cause_surface: str | None = None
    cause_reason: str | None = None

    def conclude(self) -> Conclusion:
        """Retracted where the cause was there before it, or was no D1 after all; else closed."""
        words = {
            "cause": {
                "kind": self.cause,
                "channel": self.cause_channel,
                "surface": self.cause_surface,
                "action": self.cause_action,
                "reason": self.cause_reason,
                "at": format_time(self.cause_at),
            }
        }
        if self.cause_action == "retracted" or self.cause_at <= self.opened_at:
            return Conclusion(self.kind, "retracted", self.started_at, self.cause_at, words)
        reason = "superseded" if self.cause_action == "opened" else self.cause_reason
        return Conclusion(self.kind, "closed", self.started_at, self.cause_at, words, reason=reason)
