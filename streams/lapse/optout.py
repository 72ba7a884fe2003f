"""Opting out: D7 and D8 (push, early and late), D10a-c (email), and how they end.

D7: turned off right after installing, before anything was sent, or declined by someone who never agreed: a
notice. D8: turned off after having agreed: a strong sign of dissatisfaction with the outreach.
D10: the list was left (unsubscribe), reported as spam (complaint), or the sender blocked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streams.customer import device
from streams.customer.consent import LISTS, PUSH, WEB_PUSH, Change, agreed_since
from streams.customer.consent import standing as standing_of
from streams.customer.state import IN, OUT, UNKNOWN, Channel
from streams.wire.times import format_time

from . import declined
from .episodes import act_of, end, find, in_time, open_on, take_back
from .evidence import Act, Conclusion, Facts
from .kinds import EMAIL_OPTED_OUT, PUSH_OPTED_OUT
from .look import IDLE, WATCHING, Look, standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streams.context import Visit
    from streams.customer.state import Episode
    from streams.wire.event import Event
    from streams.wire.signal import Signal

_LEAVING: Final = {
    "unsubscribe": "unsubscribe",
    "settings": "unsubscribe",
    "complaint": "complaint",
    "blocked": "blocked",
}
"""How leaving is called in the evidence. Other reasons are no leaving without a subscription."""

_WORD: Final = {PUSH_OPTED_OUT: "timing", EMAIL_OPTED_OUT: "how"}
"""Under which word the evidence says which of its rows an opt-out is."""

_STANDING: Final = {UNKNOWN: "unknown", IN: "in", OUT: "out"}


def moved(visit: Visit, change: Change, event: Event) -> list[Signal]:
    """The signals of a channel's move. An import is nobody's act."""
    if change.channel in (PUSH, WEB_PUSH):
        return _push_moved(visit, change, event)
    if change.channel != "email":
        return []
    return [*declined.moved(visit, change, event), *_email_moved(visit, change, event)]


def _push_moved(visit: Visit, change: Change, event: Event) -> list[Signal]:
    surface = "web" if change.channel == WEB_PUSH else None
    episode = find(visit.customer, PUSH_OPTED_OUT, "push", surface)
    if change.after != OUT:
        return [_over(visit, episode, change)] if episode is not None and change.after == IN else []
    if episode is not None:
        return _again(visit, episode, event) if change.before == OUT else []
    if change.before == OUT or not _counts(visit, PUSH_OPTED_OUT, change):
        return []
    facts = _push_out(visit, change, surface, act_of(event))
    return [open_on(visit, facts, facts.conclude())]


def _email_moved(visit: Visit, change: Change, event: Event) -> list[Signal]:
    episode = find(visit.customer, EMAIL_OPTED_OUT, "email")
    if change.after != OUT:
        return [_over(visit, episode, change)] if episode is not None and change.after == IN else []
    if episode is not None or not _counts(visit, EMAIL_OPTED_OUT, change):
        return []
    if change.before == OUT and (change.reason in _LEAVING or not in_time(visit, event)):
        return []  # told when they left
    facts = _email_out(visit, change, act_of(event) if change.before != OUT else None)
    found = facts.conclude()
    return [open_on(visit, facts, found)] if found is not None else []


def _over(visit: Visit, episode: Episode, change: Change) -> Signal:
    """They agreed again."""
    return end(visit, episode, "reconsented", change.at, said=change.reason)


def _counts(visit: Visit, kind: str, change: Change) -> bool:
    """Whether a move is the customer's own, of a kind that is looked for."""
    return change.reason != "import" and kind in visit.context.policy.detect.enabled


def reconsider(visit: Visit, event: Event) -> list[Signal]:
    """A delivery, or an installation, from before push was turned off: it may tell D7 from D8 otherwise."""
    surface = "web" if event.surface == "web" else None
    episode = find(visit.customer, PUSH_OPTED_OUT, "push", surface)
    if episode is None or event.occurred_at > episode.at:
        return []
    return _again(visit, episode, event)


def _again(visit: Visit, episode: Episode, event: Event) -> list[Signal]:
    """Tell D7 from D8 anew, as if this event had come in time."""
    key = WEB_PUSH if episode.surface == "web" else PUSH
    channel = visit.customer.channels[key]
    before = IN if channel.had_agreed else UNKNOWN
    reason = "settings" if channel.reason == LISTS else channel.reason
    change = Change(key, before, OUT, channel.had_agreed, episode.started_at, reason)
    facts = _push_out(visit, change, episode.surface, None)
    found = facts.conclude()
    if found.note == episode.note or not in_time(visit, event):
        return []
    return [take_back(visit, episode, event, found.note), open_on(visit, facts, found)]


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
    prompts: int = 0
    surface: str | None = None
    act: Act | None = None

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
            "prompts": self.prompts,
            **_told_by(self.act),
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
    act: Act | None = None

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
            **_told_by(self.act),
        }
        return Conclusion(EMAIL_OPTED_OUT, "opened", self.at, self.at, words, "email", note=how)


def _told_by(act: Act | None) -> dict[str, Any]:
    """Who said so: a block or a complaint is never inferred (mission.md 6)."""
    return {} if act is None else {"provenance": act.source, "event": act.words()}


def _push_out(visit: Visit, change: Change, surface: str | None, act: Act | None) -> PushOutFacts:
    """What tells D7 from D8."""
    return PushOutFacts(
        at=change.at,
        reason=change.reason,
        before=_STANDING[change.before],
        agreed_since=change.since,
        installed_at=visit.customer.installed_at,
        delivered=_delivered(visit, change.channel),
        prompts=device.prompts(visit.customer) if surface is None else 0,
        early=visit.context.policy.optout.early,
        surface=surface,
        act=act,
    )


def _email_out(visit: Visit, change: Change, act: Act | None) -> EmailOutFacts:
    """What tells D10 from a no that is none."""
    return EmailOutFacts(
        at=change.at,
        reason=change.reason,
        before="in" if change.since else _STANDING[change.before],
        agreed_since=change.since,
        delivered=_delivered(visit, "email"),
        act=act,
    )


def _delivered(visit: Visit, key: str) -> int:
    """Messages delivered on a channel so far."""
    kept = visit.customer.channels.get(key)
    return kept.delivered if kept is not None else 0


def look(visit: Visit) -> Iterator[Look]:
    """D7, D8 and D10 of one customer now: what it would be if they opted out at this moment."""
    yield from _look_at_push(visit, "push", None)
    if WEB_PUSH in visit.customer.channels:
        yield from _look_at_push(visit, WEB_PUSH, "web")
    yield from _look_at_email(visit)


def _look_at_push(visit: Visit, key: str, surface: str | None) -> Iterator[Look]:
    """D7 and D8 on app push, or on web push."""
    now, kept = visit.context.at, visit.customer.channels.get(key) or Channel()
    before, since = standing_of(kept), agreed_since(kept, now)
    facts = _push_out(visit, Change(key, before, OUT, since, now, "settings"), surface, None)
    timing, other = facts.conclude().note, "agreed_before" if before == IN else "never_agreed"
    for row, when in (("D7", "early"), ("D8", "late")):
        look = Look(row, PUSH_OPTED_OUT, WATCHING, _lists_off(kept), "push", surface)
        if timing != when:
            look = look._replace(verdict=IDLE, reasons=(other,))
        yield _settled(visit, look, before, when)


def _look_at_email(visit: Visit) -> Iterator[Look]:
    """D10a, b and c."""
    kept = visit.customer.channels.get("email") or Channel()
    for row, how in (("D10a", "unsubscribe"), ("D10b", "complaint"), ("D10c", "blocked")):
        reasons = _lists_off(kept) if how == "unsubscribe" else ()
        yield _settled(visit, Look(row, EMAIL_OPTED_OUT, WATCHING, reasons, "email"), standing_of(kept), how)


def _lists_off(kept: Channel) -> Sequence[str]:
    """Leaving one list of several is no signal: it is said here."""
    return tuple(f"list_off({name})" for name in sorted(kept.lists_out))


def _settled(visit: Visit, look: Look, before: int, note: str) -> Look:
    """The entry, if its episode is not open and the channel can still be left."""
    episode = find(visit.customer, look.kind, look.channel, look.surface)
    if episode is not None and episode.note == note:
        return standing(look.row, episode, {_WORD[look.kind]: note})
    if look.kind not in visit.context.policy.detect.enabled:
        return look._replace(verdict=IDLE, reasons=("disabled",))
    return look._replace(verdict=IDLE, reasons=("channel_closed",)) if before == OUT else look
