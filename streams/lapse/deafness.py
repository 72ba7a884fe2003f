"""D2 and D3: what follows from messages that are ignored (D1) and visits that go on (mission.md 2).

D2 ``present_but_deaf``: D1 on a channel that needs consent, and the app or site is still used: there the
customer can be reached (R4). It is over when the presence is. D3 ``deaf_everywhere``: D1 on every open
channel for long, regular visits, and no other sign of lapse, which would call for the opposite (R7).

Visit days are kept while a D1 is open, which is all the time that D3 looks at: it asks for a D1 that is older
than the days that it counts (``streams.policy.coherence``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streams.customer import consent
from streams.customer.cadence import last_of
from streams.customer.exposure import deliveries
from streams.customer.state import IN
from streams.wire.times import DAY

from .deaf_facts import AbsentFacts, ConsequenceFacts, Deaf, EverywhereFacts, PresentFacts
from .disengagement import named
from .episodes import act_of, end, end_on, find, open_on
from .kinds import DEAF, DEAF_EVERYWHERE, MESSAGE_DISENGAGED, PRESENT_BUT_DEAF, is_sign_of_lapse
from .look import HELD, IDLE, WATCHING, Look, standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streams.context import Visit
    from streams.customer.state import Customer, Episode
    from streams.policy.model import Policy
    from streams.wire.event import Event
    from streams.wire.signal import Signal

ADS: Final = "ads"
"""A channel that shows what it shows to an audience: nothing is delivered on it that a person may answer."""


def last_visit(customer: Customer) -> int:
    """The last visit to app or site (ms), 0 for none."""
    return max(last_of(customer.app), last_of(customer.web))


def on_event(
    visit: Visit, event: Event, streams: Sequence[str], before: int, said: Sequence[Signal]
) -> list[Signal]:
    """What an event changes, once all else that follows from it is known.

    Args:
        visit: the customer.
        event: the event.
        streams: what a person touched by it.
        before: the last visit before it (ms).
        said: the signals that it brought.
    """
    customer, at = visit.customer, event.occurred_at
    if "app" in streams or "web" in streams:
        _remember_day(customer, at, visit.context.policy)
    signals = _follow(visit, at, said, event)
    deaf = _deaf(customer)  # a purchase on the site is a visit, and may have answered the last one
    if deaf and last_visit(customer) > before:
        signals += _open_present(visit, min(episode.at for episode in deaf))
    return signals


def fall(visit: Visit, now: int, said: Sequence[Signal]) -> list[Signal]:
    """What time changes: D2 follows a D1 that has just opened, or ends by absence; D3 comes due."""
    customer, policy = visit.customer, visit.context.policy
    signals = _follow(visit, now, said)
    for signal in said:
        if signal.kind == MESSAGE_DISENGAGED and signal.action == "opened":
            signals += _open_present(visit, signal.at)
    signals += _fall_silent(visit, now - policy.detect.grace)
    if customer.deaf_at and customer.deaf_at + policy.detect.grace <= now:
        signals += _open_everywhere(visit)
        customer.deaf_at = _deaf_at(visit, now)
    return signals


def _follow(visit: Visit, at: int, said: Sequence[Signal], event: Event | None = None) -> list[Signal]:
    """End what no longer follows at ``at`` (ms), and foresee D3."""
    customer = visit.customer
    ended = [signal for signal in said if signal.kind == MESSAGE_DISENGAGED and signal.action != "opened"]
    signals = [*_follow_present(visit, ended, at), *_follow_everywhere(visit, ended, at, event)]
    customer.deaf_at = _deaf_at(visit, at)
    if not _deaf(customer):
        customer.visit_days = []
    return signals


def matters(customer: Customer) -> bool:
    """Whether there is anything to follow: D2 and D3 rest on D1."""
    return any(episode.kind in DEAF for episode in customer.episodes)


def wake_at(customer: Customer, policy: Policy) -> int:
    """The earliest moment (ms) at which time changes anything; 0 for never."""
    at = [customer.deaf_at] if customer.deaf_at else []
    if customer.episodes and find(customer, PRESENT_BUT_DEAF) is not None:
        at.append(last_visit(customer) + policy.present.window)
    return min(at) + policy.detect.grace if at else 0


# --- D2


def _deaf(customer: Customer) -> list[Episode]:
    """The open episodes of D1."""
    return [episode for episode in customer.episodes if episode.kind == MESSAGE_DISENGAGED]


def gather_present(visit: Visit, at: int) -> PresentFacts:
    """What D2 depends on at a moment (ms).

    A channel that needs no consent is seen only by who is present, so to ignore it says nothing.
    """
    channels, policy = visit.context.policy.channels, visit.context.policy
    deaf = tuple(
        Deaf(channel=e.channel, surface=e.surface, since=e.at)
        for e in _deaf(visit.customer)
        if e.channel is not None and (e.channel not in channels or channels[e.channel].consent == "required")
    )
    return PresentFacts(at=at, deaf=deaf, visit=last_visit(visit.customer), window=policy.present.window)


def _open_present(visit: Visit, deaf_since: int) -> list[Signal]:
    """Open D2 if it is true at the last visit, or at ``deaf_since`` (ms) if that was later."""
    customer = visit.customer
    if PRESENT_BUT_DEAF not in visit.context.policy.detect.enabled or not last_visit(customer):
        return []
    if find(customer, PRESENT_BUT_DEAF) is not None:
        return []
    facts = gather_present(visit, max(last_visit(customer), deaf_since))
    found = facts.conclude()
    return [open_on(visit, facts, found)] if found is not None else []


def _follow_present(visit: Visit, ended: Sequence[Signal], at: int) -> list[Signal]:
    """End D2 where no D1 that counts is left."""
    episode = find(visit.customer, PRESENT_BUT_DEAF)
    if episode is None or gather_present(visit, at).deaf:
        return []
    if not ended:  # the policy no longer asks for consent where the D1 is
        return [end(visit, episode, "superseded", max(at, episode.at))]
    return [_consequence(visit, episode, ended[-1])]


def _fall_silent(visit: Visit, by: int) -> list[Signal]:
    """End D2 where the presence was over by a moment (ms)."""
    episode = find(visit.customer, PRESENT_BUT_DEAF)
    if episode is None:
        return []
    window = visit.context.policy.present.window
    facts = AbsentFacts(started_at=episode.started_at, visit=last_visit(visit.customer), window=window)
    found = facts.conclude()
    return [end_on(visit, episode, facts, found)] if found.at <= by else []


def _consequence(visit: Visit, episode: Episode, cause: Signal | Episode) -> Signal:
    """End D2 or D3 by the end of a D1 (a signal), or by another sign of lapse (an episode)."""
    facts = ConsequenceFacts(
        kind=episode.kind,
        started_at=episode.started_at,
        opened_at=episode.at,
        cause=cause.kind,
        cause_channel=cause.channel,
        cause_surface=cause.surface,
        cause_action=getattr(cause, "action", "opened"),
        cause_reason=getattr(cause, "reason", None),
        cause_at=cause.at,
    )
    return end_on(visit, episode, facts, facts.conclude())


# --- D3


def _remember_day(customer: Customer, at: int, policy: Policy) -> None:
    """Keep the day of a visit, as long as D3 may count it."""
    day = _day(at, policy)
    if day not in customer.visit_days:
        days = sorted([*customer.visit_days, day])
        customer.visit_days = [d for d in days if d > days[-1] - policy.visit.regular_within - DAY]


def _day(at: int, policy: Policy) -> int:
    """The beginning (ms) of the brand's day of a moment."""
    time = policy.calendar.open_time
    return at - at % DAY if time is None else time.day(at)[0]


def _open_channels(customer: Customer, policy: Policy) -> Iterator[str]:
    """The keys of the channels that are open, and count: those that ask for consent.

    Where nothing was ever said of a channel, it counts if messages are delivered on it all the same.
    """
    for name, settings in policy.channels.items():
        if settings.consent != "required" or name == ADS:
            continue
        for key in (name, consent.WEB_PUSH) if name == "push" else (name,):
            kept = customer.channels.get(key)
            if kept is None or consent.open_since(customer, key, needs_consent=False) is None:
                continue
            if consent.standing(kept) == IN or (kept.exposure is not None and kept.exposure.sent):
                yield key


def gather_everywhere(visit: Visit, at: int) -> EverywhereFacts:
    """What D3 depends on at a moment (ms); ``deaf`` is empty where a channel is still answered."""
    customer, policy = visit.customer, visit.context.policy
    keys = list(_open_channels(customer, policy))
    found = [(key, find(customer, MESSAGE_DISENGAGED, *named(key))) for key in keys]
    after = at - policy.deaf.consistent
    deaf = [_deaf_on(customer, key, episode, after) for key, episode in found if episode is not None]
    return EverywhereFacts(
        at=at,
        deaf=tuple(deaf) if len(deaf) == len(keys) else (),
        consistent=policy.deaf.consistent,
        consistent_sends=policy.deaf.consistent_sends,
        visits=tuple(customer.visit_days),
        day=_day(at, policy),
        regular=policy.visit.regular,
        regular_days=policy.visit.regular_days,
    )


def _deaf_on(customer: Customer, key: str, episode: Episode, after: int) -> Deaf:
    """A channel on which D1 is open, with its deliveries after a moment (ms)."""
    channel, surface = named(key)
    x = customer.channels[key].exposure
    sends = tuple(at for at in deliveries(x) if at > after) if x is not None else ()
    return Deaf(channel=channel, surface=surface, since=episode.at, sends=sends)


def _deaf_at(visit: Visit, at: int) -> int:
    """When D3 becomes true if nothing happens from ``at`` (ms) on; 0 for never."""
    customer, policy = visit.customer, visit.context.policy
    if DEAF_EVERYWHERE not in policy.detect.enabled or find(customer, DEAF_EVERYWHERE) is not None:
        return 0
    if any(map(is_sign_of_lapse, customer.episodes)):
        return 0
    facts = gather_everywhere(visit, at)
    if not facts.deaf:
        return 0
    ready = max(deaf.since for deaf in facts.deaf) + policy.deaf.consistent
    for moment in (customer.deaf_at, at):
        found = gather_everywhere(visit, max(ready, moment)).conclude() if moment else None
        if found is not None:
            return found.at
    return 0


def _open_everywhere(visit: Visit) -> list[Signal]:
    """Open D3 if it is true at the moment that was foreseen."""
    moment = _deaf_at(visit, visit.customer.deaf_at)
    if moment != visit.customer.deaf_at:
        return []
    facts = gather_everywhere(visit, moment)
    found = facts.conclude()
    return [open_on(visit, facts, found)] if found is not None else []


def _follow_everywhere(visit: Visit, ended: Sequence[Signal], at: int, event: Event | None) -> list[Signal]:
    """End D3 where another sign of lapse is open, or a channel is open and not ignored."""
    customer = visit.customer
    episode = find(customer, DEAF_EVERYWHERE)
    if episode is None:
        return []
    others = [other for other in customer.episodes if is_sign_of_lapse(other)]
    if others:
        return [_consequence(visit, episode, min(others, key=lambda other: other.at))]
    keys = list(_open_channels(customer, visit.context.policy))
    if keys and all(find(customer, MESSAGE_DISENGAGED, *named(key)) for key in keys):
        return []
    if ended:
        return [_consequence(visit, episode, ended[-1])]
    if event is None or event.type != "consent.changed":  # the brand writes to them on another channel now
        return [end(visit, episode, "superseded", max(at, episode.at))]
    return [end(visit, episode, "reconsented", at, act=act_of(event))]


# --- why


def look(visit: Visit) -> Iterator[Look]:
    """D2 and D3 of one customer now (``streams.lapse.look``)."""
    yield _look_at_present(visit)
    yield _look_at_everywhere(visit)


def _look_at_present(visit: Visit) -> Look:
    """D2."""
    customer, facts = visit.customer, gather_present(visit, visit.context.at)
    episode = find(customer, PRESENT_BUT_DEAF)
    look = Look("D2", PRESENT_BUT_DEAF, WATCHING)
    if PRESENT_BUT_DEAF not in visit.context.policy.detect.enabled:
        return look._replace(verdict=IDLE, reasons=("disabled",))
    if not facts.deaf:
        return look._replace(verdict=IDLE, reasons=("no_channel_ignored",))
    evidence = facts.evidence(facts.words())
    if episode is not None:
        ends_at = facts.visit + facts.window
        return standing("D2", episode, evidence)._replace(due_at=ends_at)
    return look._replace(reasons=("absent",), evidence=evidence)


def _look_at_everywhere(visit: Visit) -> Look:
    """D3."""
    customer, policy, now = visit.customer, visit.context.policy, visit.context.at
    facts, episode = gather_everywhere(visit, now), find(customer, DEAF_EVERYWHERE)
    look = Look("D3", DEAF_EVERYWHERE, WATCHING)
    if DEAF_EVERYWHERE not in policy.detect.enabled:
        return look._replace(verdict=IDLE, reasons=("disabled",))
    if episode is not None:
        return standing("D3", episode, facts.evidence(facts.words()))
    if not facts.deaf:
        reason = "channel_still_answered" if _deaf(customer) else "no_channel_ignored"
        return look._replace(verdict=IDLE, reasons=(reason,))
    evidence = facts.evidence(facts.words())
    if customer.deaf_at:
        verdict = WATCHING if customer.deaf_at > now else HELD
        reasons = () if verdict == WATCHING else ("grace",)
        return look._replace(verdict=verdict, reasons=reasons, due_at=customer.deaf_at, evidence=evidence)
    return look._replace(reasons=tuple(_hindrances(visit, facts)), evidence=evidence)


def _hindrances(visit: Visit, facts: EverywhereFacts) -> Iterator[str]:
    """What stands between a customer who is deaf on all channels and D3."""
    if any(map(is_sign_of_lapse, visit.customer.episodes)):
        yield "other_sign_of_lapse"
    if not facts.is_consistent():
        yield "not_consistent_yet"
    if facts.visit_days() < facts.regular:
        yield "no_regular_visits"
