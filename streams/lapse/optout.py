"""Opting out: D7 and D8 (push, early and late), D10a-c (email), and how they end.

D7: turned off right after installing, before anything was sent, or declined by someone who never agreed: a
notice. D8: turned off after having agreed: a strong sign of dissatisfaction with the outreach.
D10: the list was left (unsubscribe), reported as spam (complaint), or the sender blocked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streams.customer.consent import WEB_PUSH
from streams.customer.state import IN, OUT, UNKNOWN
from streams.wire.times import format_time

from .episodes import end, find, open_on
from .evidence import Conclusion, Facts
from .kinds import EMAIL_OPTED_OUT, PUSH_OPTED_OUT

if TYPE_CHECKING:
    from streams.context import Visit
    from streams.customer.consent import Change
    from streams.wire.signal import Signal

_LEAVING: Final = {
    "unsubscribe": "unsubscribe",
    "settings": "unsubscribe",
    "complaint": "complaint",
    "blocked": "blocked",
}
"""How leaving is called in the evidence. Other reasons are no leaving without a subscription."""

_STANDING: Final = {UNKNOWN: "unknown", IN: "in", OUT: "out"}


def moved(visit: Visit, change: Change, reason: str, at: int) -> list[Signal]:
    """The signals of a channel's move at ``at`` (ms) for a reason of wire.md. An import is nobody's act."""
    if change.channel in ("push", WEB_PUSH):
        kind, channel = PUSH_OPTED_OUT, "push"
        surface = "web" if change.channel == WEB_PUSH else None
    elif change.channel == "email":
        kind, channel, surface = EMAIL_OPTED_OUT, "email", None
    else:
        return []
    episode = find(visit.customer, kind, channel, surface)
    if change.after == OUT:
        if episode is not None or reason == "import" or kind not in visit.context.policy.detect.enabled:
            return []
        facts: Facts
        if kind == PUSH_OPTED_OUT:
            facts = _push_out(visit, change, surface, reason, at)
        else:
            facts = _email_out(visit, change, reason, at)
        found = facts.conclude()
        return [open_on(visit, facts, found)] if found is not None else []
    if episode is not None and change.after == IN:
        return [end(visit, episode, "reconsented", at, said=reason)]
    return []


class PushOutFacts(Facts, tag="push_opted_out"):
    """Push turned off at ``at`` (ms): D7 or D8.

    ``before`` is where the customer stood: unknown, in (since ``agreed_since``, ms) or out. ``delivered`` are
    pushes so far, ``early`` is how soon after the installation it is a habit and no complaint (ms).
    """

    at: int
    reason: str
    before: str
    delivered: int
    early: int
    agreed_since: int = 0
    installed_at: int = 0
    surface: str | None = None

    def conclude(self) -> Conclusion:
        """Early for who never agreed, or soon after installing with nothing delivered; else late."""
        begun = self.agreed_since if self.surface == "web" else self.installed_at
        soon = bool(begun) and begun <= self.at <= begun + self.early and not self.delivered
        timing = "early" if self.before != "in" or soon else "late"
        words = {
            "timing": timing,
            "reason": self.reason,
            "agreed_since": format_time(self.agreed_since) if self.agreed_since else None,
            "installed_at": format_time(self.installed_at) if self.installed_at else None,
            "delivered": self.delivered,
        }
        return Conclusion(
            PUSH_OPTED_OUT, "opened", self.at, self.at, words, "push", self.surface, note=timing
        )


class EmailOutFacts(Facts, tag="email_opted_out"):
    """Email left at ``at`` (ms): D10a, b or c.

    By a subscriber (``before`` is in, since ``agreed_since``), or by someone whose leaving is the first we
    hear of a subscription.
    """

    at: int
    reason: str
    before: str
    delivered: int
    agreed_since: int = 0

    def conclude(self) -> Conclusion | None:
        """How they left; None for someone who was no subscriber and whose reason is no leaving."""
        if self.before != "in" and self.reason not in _LEAVING:
            return None
        how = _LEAVING.get(self.reason, "unsubscribe")
        words = {
            "how": how,
            "reason": self.reason,
            "subscribed_since": format_time(self.agreed_since) if self.agreed_since else None,
            "delivered": self.delivered,
        }
        return Conclusion(EMAIL_OPTED_OUT, "opened", self.at, self.at, words, "email", note=how)


def _push_out(visit: Visit, change: Change, surface: str | None, reason: str, at: int) -> PushOutFacts:
    """What tells D7 from D8."""
    return PushOutFacts(
        at=at,
        reason=reason,
        before=_STANDING[change.before],
        agreed_since=change.since,
        installed_at=visit.customer.installed_at,
        delivered=visit.customer.channels[change.channel].delivered,
        early=visit.context.policy.optout.early,
        surface=surface,
    )


def _email_out(visit: Visit, change: Change, reason: str, at: int) -> EmailOutFacts:
    """What tells D10 from a no that is none."""
    return EmailOutFacts(
        at=at,
        reason=reason,
        before=_STANDING[change.before],
        agreed_since=change.since,
        delivered=visit.customer.channels["email"].delivered,
    )
