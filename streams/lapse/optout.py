"""Opting out: D7 and D8 (push, early and late), D10a-c (email), and how they end.

D7: turned off right after installing, before anything was sent, or declined by someone who never agreed: a
notice. D8: turned off after having agreed: a strong sign of dissatisfaction with the outreach.
D10: the list was left (unsubscribe), reported as spam (complaint), or the sender blocked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streams.customer.consent import WEB_PUSH
from streams.customer.state import IN, OUT
from streams.wire.times import format_time

from .episodes import close_episode, find, open_episode
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
        if kind == PUSH_OPTED_OUT:
            return [_push_out(visit, change, surface, reason, at)]
        return _email_out(visit, change, reason, at)
    if episode is not None and change.after == IN:
        return [close_episode(visit, episode, "reconsented", at, {"reason": reason})]
    return []


def _push_out(visit: Visit, change: Change, surface: str | None, reason: str, at: int) -> Signal:
    """D7 or D8."""
    customer = visit.customer
    delivered = customer.channels[change.channel].delivered
    begun = change.since if surface == "web" else customer.installed_at
    soon = bool(begun) and begun <= at <= begun + visit.context.policy.optout.early and not delivered
    timing = "early" if change.before != IN or soon else "late"
    evidence = {
        "timing": timing,
        "reason": reason,
        "agreed_since": format_time(change.since) if change.since else None,
        "installed_at": format_time(customer.installed_at) if customer.installed_at else None,
        "delivered": delivered,
    }
    return open_episode(visit, PUSH_OPTED_OUT, at, at, evidence, channel="push", surface=surface, note=timing)


def _email_out(visit: Visit, change: Change, reason: str, at: int) -> list[Signal]:
    """D10a, b or c: of a subscriber, or of someone whose leaving is the first we hear of a subscription."""
    if change.before != IN and reason not in _LEAVING:
        return []
    how = _LEAVING.get(reason, "unsubscribe")
    evidence = {
        "how": how,
        "reason": reason,
        "subscribed_since": format_time(change.since) if change.since else None,
        "delivered": visit.customer.channels["email"].delivered,
    }
    return [open_episode(visit, EMAIL_OPTED_OUT, at, at, evidence, channel="email", note=how)]
