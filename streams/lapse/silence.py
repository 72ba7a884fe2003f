"""Silence: D4 purchases, D5a-c app, web and store, D6 the brand as a whole.

Each stream of a customer has a deadline, computed from the own rhythm when an occasion begins. When it has
passed by the grace for late events without activity, it is computed again under the policy in force; is it
still past, an episode opens with ``at`` = that deadline. Activity after the deadline closes the episode;
activity that turns out to have happened before it retracts it (design.md 4, mission.md 9).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.customer import cadence
from streams.customer.elsewhere import OTHERS
from streams.customer.state import STREAMS, Migration
from streams.customer.surfaces import correct_others, with_elsewhere

from . import migration, outage
from .episodes import act_of, end, end_on, find, open_on
from .kinds import ROWS, SILENCE
from .limits import limits_of
from .look import EXPLAINED, HELD, IDLE, WATCHING, Look, standing
from .migration import MovedFacts
from .silence_facts import ReturnFacts, SilenceFacts, facts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streams.context import Visit
    from streams.customer.cadence import Cadence
    from streams.customer.state import Customer, Episode
    from streams.policy.model import Policy
    from streams.wire.event import Event
    from streams.wire.signal import Signal


def act(visit: Visit, event: Event, streams: Sequence[str]) -> list[Signal]:
    """A person acted on these streams: their rhythms move on, and silences of theirs end."""
    signals: list[Signal] = []
    for stream in streams:
        if not _observe(visit, stream, event.occurred_at):
            continue
        if not visit.customer.episodes:
            continue
        episode = find(visit.customer, SILENCE[stream])
        if episode is not None:
            signals += _end_of(visit, stream, episode, event)
        if stream in OTHERS:
            signals += _explained_by(visit, stream, event)
    return signals


def _observe(visit: Visit, stream: str, at: int) -> bool:
    """Take activity into a stream's rhythm; false if it changes nothing."""
    customer, policy = visit.customer, visit.context.policy
    old: Cadence | None = getattr(customer, stream)
    rules_of, time = policy.detect.silences, policy.calendar.open_time
    forgetting = rules_of[SILENCE[stream]].forgetting
    new = cadence.first(at) if old is None else cadence.observe(old, at, forgetting, time)
    if new is old:
        return False
    if stream in OTHERS:
        new = with_elsewhere(customer, stream, old, new, forgetting, time)
    if not new.due_at or (old is not None and visit.context.outages.lie_between(old.last, at)):
        new = new.due(_deadline(visit, stream, new))
        if visit.moves is not None:
            visit.moves.note(stream, visit.cohort, old, new)
    setattr(customer, stream, new)
    if stream in OTHERS:
        correct_others(customer, stream, lambda other: rules_of[SILENCE[other]].forgetting, time)
    return True


def _deadline(visit: Visit, stream: str, c: Cadence) -> int:
    """When the silence of a stream will have been too long (ms)."""
    time = visit.context.policy.calendar.open_time
    if time is None or not time.closes:
        limit = limits_of(visit.context.beliefs, visit.cohort)[stream]
        return c.last + limit(c.x, c.n, c.mean, c.m2)
    policy = visit.context.policy
    rule, belief = policy.detect.silences[SILENCE[stream]], visit.context.beliefs.of(stream, visit.cohort)
    return facts_of(stream, c, rule, belief, policy.own.min_gaps, (), time).silent().at


def _end_of(visit: Visit, stream: str, episode: Episode, event: Event) -> list[Signal]:
    """What activity does to an open silence: it never was (late data), or it is over."""
    at = event.occurred_at
    late_by = visit.context.at - at
    facts = ReturnFacts(
        stream=stream,
        started_at=episode.started_at,
        opened_at=episode.at,
        act=act_of(event),
        retract=visit.context.policy.late.retract,
        too_late=at <= episode.at and late_by > visit.context.policy.late.retract,
    )
    found = facts.conclude()
    return [end_on(visit, episode, facts, found)] if found is not None else []


def _explained_by(visit: Visit, surface: str, event: Event) -> list[Signal]:
    """What activity on a surface does to open stops of the others: by now it may explain them (R10)."""
    customer, signals = visit.customer, []
    for other in OTHERS[surface]:
        episode, c = find(customer, SILENCE[other]), getattr(customer, other)
        if episode is None or c is None:
            continue
        facts = _moved(visit, other, episode, event, surface)
        found = facts.conclude()
        if found is not None:
            entry = Migration(other, facts.move.target(), c.last, episode.at)
            migration.remember(customer, entry)
            setattr(customer, other, c.due(cadence.NEVER))
            signals.append(end_on(visit, episode, facts, found))
    return signals


def _moved(visit: Visit, stream: str, episode: Episode, event: Event, to: str) -> MovedFacts:
    """Whether a migration explains an open stop, now that the customer was seen elsewhere."""
    policy, at = visit.context.policy, event.occurred_at
    c: Cadence = getattr(visit.customer, stream)
    return MovedFacts(
        stream=stream,
        started_at=episode.started_at,
        opened_at=episode.at,
        act=act_of(event),
        move=migration.facts_of(visit.customer, stream, c, episode.at, policy, (to,)),
        seen_until=cadence.last_of(getattr(visit.customer, to)),
        too_late=at <= episode.at and visit.context.at - at > policy.late.retract,
    )


def fall(visit: Visit, now: int) -> list[Signal]:
    """Open what has been silent too long at ``now`` (ms), the longest due first."""
    customer, policy = visit.customer, visit.context.policy
    due = [
        (c.due_at, stream)
        for stream, c in zip(STREAMS, customer.cadences(), strict=True)
        if c is not None and _is_due(customer, stream, c.due_at, now, policy)
    ]
    if len(due) > 1:
        due.sort(key=lambda pair: pair[0])
    opened = [_open_if_due(visit, stream, now) for _, stream in due]
    return [signal for signal in opened if signal is not None]


def _is_due(customer: Customer, stream: str, due: int, now: int, policy: Policy) -> bool:
    """Whether a stream's stored deadline and the grace have passed, and nobody was told yet."""
    rule = policy.detect.silences[SILENCE[stream]]
    return due + rule.grace <= now and rule.enabled and find(customer, SILENCE[stream]) is None


def _open_if_due(visit: Visit, stream: str, now: int) -> Signal | None:
    """Compute a deadline again under the policy in force; open the episode, or wait on."""
    customer, policy = visit.customer, visit.context.policy
    c: Cadence = getattr(customer, stream)
    grace = policy.detect.silences[SILENCE[stream]].grace
    facts = gather(visit, stream, c, now)
    found = facts.silent()
    opens_at = max(found.at + grace, outage.opens_at(visit, stream, now))
    if opens_at <= now and facts.move is not None:
        typical = facts.threshold().typical_days
        opens_at = migration.judged(customer, stream, facts.move, found.at, typical, policy) + grace
    if opens_at > now:
        setattr(customer, stream, c.due(opens_at - grace))
        return None
    setattr(customer, stream, c.due(found.at))
    signal = open_on(visit, facts, found)
    outage.remember(visit, stream)
    return signal


def gather(visit: Visit, stream: str, c: Cadence, now: int) -> SilenceFacts:
    """What the verdict on a stream's silence depends on, under the policy in force at ``now`` (ms)."""
    policy = visit.context.policy
    rule, belief = policy.detect.silences[SILENCE[stream]], visit.context.beliefs.of(stream, visit.cohort)
    paused = outage.pauses(visit, stream, c.last, now)
    facts = facts_of(stream, c, rule, belief, policy.own.min_gaps, paused, policy.calendar.open_time)
    if stream in OTHERS:
        facts.move = migration.facts_of(visit.customer, stream, c, now, policy)
    return facts


def wake_at(customer: Customer, policy: Policy) -> int:
    """The earliest moment (ms) at which silence on a stream opens an episode; 0 for never."""
    earliest = 0
    rules_of = policy.detect.silences
    told = [episode.kind for episode in customer.episodes] if customer.episodes else ()
    for kind, c in zip(SILENCE.values(), customer.cadences(), strict=True):
        if c is None:
            continue
        rule = rules_of[kind]
        due = c.due_at + rule.grace
        if (not earliest or due < earliest) and rule.enabled and kind not in told:
            earliest = due
    return earliest


def close_disabled(visit: Visit, at: int) -> list[Signal]:
    """Close episodes of kinds that the policy in force has switched off, never before they opened."""
    rules_of = visit.context.policy.detect.rules
    return [
        end(visit, episode, "disabled", max(at, episode.at))
        for episode in list(visit.customer.episodes)
        if episode.kind in rules_of and not rules_of[episode.kind].enabled
    ]


def look(visit: Visit) -> Iterator[Look]:
    """D4, D5a-c and D6 of one customer now (``streams.lapse.look``)."""
    for stream, c in zip(STREAMS, visit.customer.cadences(), strict=True):
        yield _look_at(visit, stream, c)


def _look_at(visit: Visit, stream: str, c: Cadence | None) -> Look:
    """What the rule says of a stream: the facts that it would judge, up to now."""
    row, kind, now = ROWS[stream], SILENCE[stream], visit.context.at
    if c is None:
        return Look(row, kind, IDLE, ("never_used",))
    facts = gather(visit, stream, c, now)
    evidence = facts.evidence({"surface": facts.words(facts.threshold(), now)})
    episode = find(visit.customer, kind)
    if episode is not None:
        return standing(row, episode, evidence)._replace(due_at=episode.at)
    if not visit.context.policy.detect.silences[kind].enabled:
        return Look(row, kind, IDLE, ("disabled",), evidence=evidence)
    moved = migration.explains(visit.customer, stream)
    if moved is not None:
        return Look(row, kind, EXPLAINED, (migration.outcome(moved),), since=moved.due_at, evidence=evidence)
    return _watched(visit, stream, c, facts, Look(row, kind, WATCHING, evidence=evidence))


def _watched(visit: Visit, stream: str, c: Cadence, facts: SilenceFacts, entry: Look) -> Look:
    """What is said of a silence that has opened nothing yet."""
    now, due_at = visit.context.at, facts.silent().at
    if outage.opens_at(visit, stream, now) and facts.silent_without(outage.OUTAGE).at <= now:
        since = outage.spans_of(visit, stream)[-1][0]
        return entry._replace(verdict=HELD, reasons=(outage.OUTAGE,), since=since)
    opens_at = max(c.due_at, due_at)  # a standing deadline is computed again when it comes due
    if opens_at > now:
        reasons = (migration.UNDECIDED,) if facts.move is not None and facts.move.put_off else ()
        return entry._replace(reasons=reasons, due_at=opens_at)
    return entry._replace(verdict=HELD, reasons=("grace",), since=due_at, due_at=opens_at)
