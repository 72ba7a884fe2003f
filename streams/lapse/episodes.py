"""Episodes: a lapse opens once, closes with a reason, or turns out never to have been (N2, design.md 6).

At most one is open per customer, kind, channel and surface. Its id is a hash of what it is about, so the
same facts give the same episode on any machine; a second opening with the same start carries its number
into the hash (wire.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streams.customer import profile
from streams.customer.state import Ended, Episode
from streams.wire.ids import episode_id, signal_id
from streams.wire.signal import Signal

from .evidence import Act, EndFacts, RetractFacts
from .kinds import stage

if TYPE_CHECKING:
    from streams.context import Visit
    from streams.customer.state import Customer
    from streams.wire.event import Event

    from .evidence import Conclusion, Facts

Evidence = dict[str, Any]


def find(
    customer: Customer, kind: str, channel: str | None = None, surface: str | None = None
) -> Episode | None:
    """The open episode of this kind, if there is one."""
    for episode in customer.episodes:
        if episode.kind == kind and episode.channel == channel and episode.surface == surface:
            return episode
    return None


def by_id(customer: Customer, id_: str) -> Episode:
    """The open episode of this id."""
    return next(episode for episode in customer.episodes if episode.id == id_)


def open_on(visit: Visit, facts: Facts, found: Conclusion) -> Signal:
    """Open the episode that facts conclude, and say so with them as evidence."""
    return open_episode(
        visit,
        found.kind,
        found.started_at,
        found.at,
        facts.evidence(found.words),
        channel=found.channel,
        surface=found.surface,
        note=found.note,
    )


def end_on(visit: Visit, episode: Episode, facts: Facts, found: Conclusion) -> Signal:
    """Close or retract an episode as facts conclude, and say so with them as evidence."""
    evidence = facts.evidence(found.words)
    if found.action == "retracted":
        return retract_episode(visit, episode, found.at, evidence)
    assert found.reason is not None
    return close_episode(visit, episode, found.reason, found.at, evidence)


def end(visit: Visit, episode: Episode, reason: str, at: int, **more: Any) -> Signal:  # noqa: ANN401 - of the facts
    """Close an episode for a reason that needs no reckoning, at ``at`` (ms); ``more``: ``EndFacts``."""
    facts = EndFacts(
        kind=episode.kind,
        channel=episode.channel,
        surface=episode.surface,
        started_at=episode.started_at,
        reason=reason,
        at=at,
        **more,
    )
    return end_on(visit, episode, facts, facts.conclude())


def in_time(visit: Visit, event: Event) -> bool:
    """Whether an event came early enough to take an episode back (``late.retract``)."""
    return visit.context.at - event.occurred_at <= visit.context.policy.late.retract


def take_back(visit: Visit, episode: Episode, event: Event, because: str) -> Signal:
    """Retract an episode that would not have opened had this event been known."""
    facts = RetractFacts(
        kind=episode.kind,
        channel=episode.channel,
        surface=episode.surface,
        started_at=episode.started_at,
        act=act_of(event),
        because=because,
    )
    return end_on(visit, episode, facts, facts.conclude())


def act_of(event: Event) -> Act:
    """The event that a verdict rests on."""
    return Act(
        type=event.type,
        source=event.source,
        id=event.id,
        occurred_at=event.occurred_at,
        surface=event.surface,
    )


def open_episode(
    visit: Visit,
    kind: str,
    started_at: int,
    at: int,
    evidence: Evidence,
    *,
    channel: str | None = None,
    surface: str | None = None,
    note: str = "",
) -> Signal:
    """Open an episode that became true at ``at`` (ms) and say so. Its arm is drawn by whoever answers it.

    ``number`` in the evidence counts openings with the same start, from the second on: it is in the id.
    """
    number = 1 + _times_started(visit.customer, kind, channel, surface, started_at)
    episode = Episode(
        id=episode_id(visit.customer_id, kind, channel, surface, started_at, number),
        kind=kind,
        channel=channel,
        surface=surface,
        started_at=started_at,
        at=at,
        number=number,
        arm="none",
        historical=visit.context.historical(at),
        note=note,
        cohort=profile.known(visit.customer, visit.context.policy.cohort.attribute),
    )
    visit.customer.episodes.append(episode)
    return _signal(visit, episode, "opened", at, _numbered(episode, evidence))


def close_episode(visit: Visit, episode: Episode, reason: str, at: int, evidence: Evidence) -> Signal:
    """Close an episode for a reason of wire.md, at the moment (ms) when that became true."""
    _end(visit.customer, episode)
    return _signal(visit, episode, "closed", at, _numbered(episode, evidence), reason)


def retract_episode(visit: Visit, episode: Episode, at: int, evidence: Evidence) -> Signal:
    """Take an episode back that should not have been opened; ``at`` (ms) may precede its opening."""
    _end(visit.customer, episode)
    return _signal(visit, episode, "retracted", at, _numbered(episode, evidence))


def _numbered(episode: Episode, evidence: Evidence) -> Evidence:
    """The evidence with the episode's number where it is not the first with its start: the id has it too."""
    return evidence if episode.number == 1 else {**evidence, "number": episode.number}


def _end(customer: Customer, episode: Episode) -> None:
    """Move an episode from the open ones to the memory of its kind."""
    customer.episodes = [e for e in customer.episodes if e is not episode]
    ended = Ended(episode.kind, episode.channel, episode.surface, episode.started_at, episode.number)
    customer.ended = [
        e
        for e in customer.ended
        if (e.kind, e.channel, e.surface) != (ended.kind, ended.channel, ended.surface)
    ] + [ended]


def _times_started(
    customer: Customer, kind: str, channel: str | None, surface: str | None, started_at: int
) -> int:
    """How often an episode with this very start was opened before."""
    for e in customer.ended:
        if (e.kind, e.channel, e.surface, e.started_at) == (kind, channel, surface, started_at):
            return e.number
    return 0


def _signal(
    visit: Visit, episode: Episode, action: str, at: int, evidence: Evidence, reason: str | None = None
) -> Signal:
    """The signal of what just happened to an episode; its ``seq`` is given when it leaves."""
    context = visit.context
    return Signal(
        id=signal_id(episode.id, action),
        seq=0,
        action=action,
        kind=episode.kind,
        channel=episode.channel,
        surface=episode.surface,
        customer_id=visit.customer_id,
        episode=episode.id,
        started_at=episode.started_at,
        at=at,
        stage=stage(visit.customer, at, context.policy),
        historical=context.historical(at),
        evidence=evidence,
        arm=episode.arm,
        cohort=episode.cohort,
        policy=context.version,
        reason=reason,
    )
