"""D1: the customer no longer reacts to the messages of a channel (mission.md 2, T7, N8).

Delivered sends on an open channel are the clock, so nobody lapses while nothing is sent
(``streams.customer.exposure``, model.md 5). A send counts as ignored once its window has passed; D1 became
true when that of the first send passed which was one too many (``message_facts``). It closes ``returned``
when a person reacts on the channel, ``channel_closed`` when they leave it, and is taken back where something
that is learnt late leaves no D1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streams.customer import consent
from streams.customer.exposure import (
    APPENDED,
    CONVERTED,
    DELIVERED,
    OURS,
    REACHED,
    REACTED,
    REPEATED,
    Exposure,
    has_listened,
    ignored_at_most,
    put,
    read,
)

from . import outage
from .episodes import act_of, end_on, find, open_on
from .kinds import MESSAGE_DISENGAGED
from .look import HELD, IDLE, WATCHING, Look, standing
from .message_facts import DisengagedFacts, HeardFacts, RecountFacts, facts_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from streams.context import Visit
    from streams.customer.state import Customer, Episode
    from streams.policy.model import Policy
    from streams.wire.event import Event
    from streams.wire.signal import Signal

_SAID: Final = {
    "email.delivered": ("email", DELIVERED),
    "email.opened": ("email", REACTED),
    "email.clicked": ("email", REACTED),
    "push.delivered": ("push", DELIVERED),
    "push.opened": ("push", REACTED),
    "push.clicked": ("push", REACTED),
    "in_app.shown": ("in_app", DELIVERED),
    "in_app.clicked": ("in_app", REACTED),
}
"""What an event says of messages: the channel, and what it is. Only these channels can be judged: of no
other one does the wire tell what was delivered."""

_BOUGHT: Final = "order.completed"

_CLOSED: Final = 1 << 60
"""Since when sends count on a channel that is closed: they do not."""

_CONSENT: Final = frozenset({"consent.changed", "email.complained"})

HEARD: Final = frozenset({*_SAID, _BOUGHT})
"""The types of events that D1 listens to."""


def take(
    customer: Customer, event: Event, policy: Policy, reached: AbstractSet[str] = frozenset()
) -> dict[str, int]:
    """Take in what an event says of messages, and see to the deadlines of their channels.

    Args:
        customer: whose event it is.
        event: any.
        policy: in force.
        reached: channels with a message of a play whose goal this event is: it is a conversion there.

    Returns:
        By the key of each channel that it concerns, ``APPENDED`` or ``INSERTED`` (``exposure.put``).
    """
    channel, kind = _SAID.get(event.type, ("", CONVERTED))
    if kind == DELIVERED:
        if event.message is not None and event.message.command_id:
            kind = OURS
    elif event.automated or event.activity is False:
        return {}
    key = consent.key_of(channel, event.surface)
    taken = {key: _put(customer, key, kind, event, policy)} if channel else {}
    bought = event.type == _BOUGHT
    if bought or reached:
        for other, kept in customer.channels.items():
            if kept.exposure is not None and (bought or other.partition(":")[0] in reached):
                how = _put(customer, other, CONVERTED if bought else REACHED, event, policy)
                taken[other] = max(how, taken.get(other, REPEATED))
    return {name: how for name, how in taken.items() if how != REPEATED}


def _put(customer: Customer, key: str, kind: int, event: Event, policy: Policy) -> int:
    """Take one entry in. Only what may change a deadline is counted in full: see ``_is_clear``."""
    kept = customer.channel(key)
    x = kept.exposure
    if x is None:
        x = kept.exposure = Exposure()
    message = event.message.id if event.message is not None else None
    since = consent.open_since(customer, key, needs_consent=False)
    how = put(x, kind, event.occurred_at, message, policy.exposure, _CLOSED if since is None else since)
    if how == REPEATED or (how == APPENDED and _is_clear(x, kind, policy)):
        return how
    x.due_at = _due_at(customer, key, x, policy)
    return how


def _is_clear(x: Exposure, kind: int, policy: Policy) -> bool:
    """Whether it is seen at once what the newest entry does to the deadline: nothing, or it is gone."""
    if kind == REACTED:
        x.due_at = 0
        return True
    if kind > REACTED:
        return not x.due_at
    return (
        bool(x.due_at)
        or ignored_at_most(x) < policy.message.min_ignored
        or (policy.message.baseline > 0 and not has_listened(x))
    )


def _due_at(customer: Customer, key: str, x: Exposure, policy: Policy) -> int:
    """When D1 becomes true on a channel if nothing happens first (ms), 0 for never."""
    facts = gather(customer, key, x, policy)
    found = facts.conclude() if facts is not None else None
    return found.at if found is not None else 0


def gather(customer: Customer, key: str, x: Exposure, policy: Policy) -> DisengagedFacts | None:
    """What the verdict on a channel depends on, under the policy in force; None where it cannot be ignored.

    Messages count since the channel's last yes. Where nothing was ever said of it, all that were delivered
    do: somebody sends there.
    """
    since = consent.open_since(customer, key, needs_consent=False)
    if since is None or MESSAGE_DISENGAGED not in policy.detect.enabled:
        return None
    return facts_of(*named(key), x, read(x, since, policy.response.window), policy)


def named(key: str) -> tuple[str, str | None]:
    """The channel and the surface of a signal about the channel with this key."""
    return ("push", "web") if key == consent.WEB_PUSH else (key, None)


def on_event(visit: Visit, event: Event, reached: AbstractSet[str]) -> list[Signal]:
    """What an event means for D1: it ends, or never was. Deadlines move along."""
    customer = visit.customer
    signals = _spoken(visit, event) if event.type in _CONSENT else []
    if event.type not in HEARD and not reached:
        return signals
    for key, how in take(customer, event, visit.context.policy, reached).items():
        episode = find(customer, MESSAGE_DISENGAGED, *named(key)) if customer.episodes else None
        if episode is not None:
            signals += _heard(visit, key, episode, event, how)
    return signals


def _heard(visit: Visit, key: str, episode: Episode, event: Event, how: int) -> list[Signal]:
    """What news of a channel's messages does to a D1 that is open there."""
    x, policy = visit.customer.channels[key].exposure, visit.context.policy
    assert x is not None
    facts = gather(visit.customer, key, x, policy)
    if facts is None:
        return []
    due_at, x.due_at = x.due_at, 0
    if (facts.last_reaction or facts.first) > episode.started_at:
        x.due_at = due_at
        return [_end(visit, episode, event, "returned")]
    if how == APPENDED or episode.at - policy.response.window <= x.folded_to:
        return []  # what came before stands, and so does what is folded: too little is known of it
    recount = RecountFacts(
        act=act_of(event), started_at=episode.started_at, known_at=visit.context.at, history=facts
    )
    found = recount.conclude()
    if found is None:
        return []
    x.due_at = due_at
    return [end_on(visit, episode, recount, found)]


def _end(visit: Visit, episode: Episode, event: Event, reason: str) -> Signal:
    """D1 is over, or never was, by an act of the customer."""
    at, retract = event.occurred_at, visit.context.policy.late.retract
    assert episode.channel is not None
    facts = HeardFacts(
        channel=episode.channel,
        surface=episode.surface,
        reason=reason,
        started_at=episode.started_at,
        opened_at=episode.at,
        act=act_of(event),
        too_late=at <= episode.at and visit.context.at - at > retract,
    )
    return end_on(visit, episode, facts, facts.conclude())


def _spoken(visit: Visit, event: Event) -> list[Signal]:
    """Consent was spoken of: messages on a channel that is closed count no more, on one that opens anew."""
    customer = visit.customer
    signals: list[Signal] = []
    for key, kept in customer.channels.items():
        x = kept.exposure
        if x is None:
            continue
        episode = find(customer, MESSAGE_DISENGAGED, *named(key)) if customer.episodes else None
        if episode is None:
            x.due_at = _due_at(customer, key, x, visit.context.policy)
        elif consent.open_since(customer, key, needs_consent=False) is None:
            signals.append(_end(visit, episode, event, "channel_closed"))
    return signals


def fall(visit: Visit, now: int) -> list[Signal]:
    """Open what is due at ``now`` (ms), counted again under the policy in force."""
    customer, policy = visit.customer, visit.context.policy
    if MESSAGE_DISENGAGED not in policy.detect.enabled:
        return []
    grace = policy.detect.grace
    due = sorted(
        (kept.exposure.due_at, key)
        for key, kept in customer.channels.items()
        if kept.exposure is not None and kept.exposure.due_at and kept.exposure.due_at + grace <= now
    )
    opened = [_open_if_due(visit, key, now - grace) for _, key in due]
    return [signal for signal in opened if signal is not None]


def _open_if_due(visit: Visit, key: str, by: int) -> Signal | None:
    """Open D1 if it has come true by a moment (ms); else wait on, or no more."""
    x = visit.customer.channels[key].exposure
    assert x is not None
    facts = gather(visit.customer, key, x, visit.context.policy)
    found = facts.conclude() if facts is not None else None
    x.due_at = found.at if found is not None and found.at > by else 0
    if facts is None or found is None or x.due_at:
        return None
    grace = visit.context.policy.detect.grace
    if held_until := outage.told_at(visit, facts.channel, by + grace):
        x.due_at = held_until - grace
        return None
    return open_on(visit, facts, found)


def wake_at(customer: Customer, policy: Policy) -> int:
    """The earliest moment (ms) at which D1 opens if nothing happens first; 0 for never."""
    if MESSAGE_DISENGAGED not in policy.detect.enabled:
        return 0
    due = [kept.exposure.due_at for kept in customer.channels.values() if kept.exposure is not None]
    return min([at + policy.detect.grace for at in due if at], default=0)


def look(visit: Visit) -> Iterator[Look]:
    """D1 of one customer now, for each channel of which deliveries are told (``streams.lapse.look``)."""
    for key in ("push", consent.WEB_PUSH, "email", "in_app"):
        if key != consent.WEB_PUSH or key in visit.customer.channels:
            yield _look_at(visit, key)


def _look_at(visit: Visit, key: str) -> Look:
    """What the rule says of a channel."""
    customer, policy = visit.customer, visit.context.policy
    look = Look("D1", MESSAGE_DISENGAGED, IDLE, (), *named(key))
    kept = customer.channels.get(key)
    x = kept.exposure if kept is not None else None
    facts = gather(customer, key, x, policy) if x is not None and x.sent else None
    if facts is None:
        return look._replace(reasons=(_nothing_counts(x, policy),))
    found = facts.conclude()
    evidence = facts.evidence(found.words if found is not None else {"messages": facts.words()})
    episode = find(customer, MESSAGE_DISENGAGED, *named(key))
    if episode is not None:
        return standing("D1", episode, evidence)
    if not facts.is_engager():
        return look._replace(reasons=("never_engaged",), evidence=evidence)
    if found is None:
        return look._replace(verdict=WATCHING, evidence=evidence)
    verdict = WATCHING if found.at > visit.context.at else HELD
    held = outage.told_at(visit, facts.channel, visit.context.at)
    reasons = () if verdict == WATCHING else (outage.OUTAGE if held else "grace",)
    return look._replace(verdict=verdict, reasons=reasons, due_at=found.at, evidence=evidence)


def _nothing_counts(x: Exposure | None, policy: Policy) -> str:
    """Why no message counts on a channel."""
    if MESSAGE_DISENGAGED not in policy.detect.enabled:
        return "disabled"
    return "channel_closed" if x is not None and x.sent else "nothing_delivered"
