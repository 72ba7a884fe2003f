"""Silence: D4 purchases, D5a-c app, web and store, D6 the brand as a whole.

Each stream of a customer has a deadline, computed from the own rhythm when an occasion begins. When it has
passed by the grace for late events without activity, it is computed again under the policy in force; is it
still past, an episode opens with ``at`` = that deadline. Activity after the deadline closes the episode;
activity that turns out to have happened before it retracts it (design.md 4, mission.md 9).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from streams.customer import cadence
from streams.customer.state import STREAMS
from streams.wire.times import DAY, format_days, format_time

from . import rules
from .episodes import close_episode, find, open_episode, retract_episode
from .kinds import SILENCE
from .limits import days_of, limits_of, within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.beliefs import Belief
    from streams.context import Visit
    from streams.customer.cadence import Cadence
    from streams.customer.state import Customer, Episode
    from streams.policy.detect import SilenceRule
    from streams.policy.model import Policy
    from streams.wire.event import Event
    from streams.wire.signal import Signal

OWN_WEIGHT: Final = 0.5
"""Below this share of the posterior the own rhythm does not carry the threshold (model.md 2, ``own``)."""


class Threshold(NamedTuple):
    """How long a silence may last (``length``, ms), the typical gap in days, and whose rhythm it is."""

    length: int
    typical_days: float
    origin: str


def threshold(c: Cadence, rule: SilenceRule, belief: Belief, min_gaps: int) -> Threshold:
    """The silence that is too long for this rhythm under this rule (model.md 2).

    The origin is ``own`` from ``min_gaps`` gaps on, if they outweigh the prior; ``pooled`` before that;
    ``policy`` where the policy names the days itself.
    """
    g = rules.gap(c.n, c.mean, c.m2, belief.prior)
    if rule.rule == "fixed":
        return Threshold(rule.after, g.typical, "policy")
    own = c.x >= min_gaps and c.n >= OWN_WEIGHT * (belief.prior.kappa0 + c.n)
    return Threshold(within(days_of(c.x, g, rule, belief), rule), g.typical, "own" if own else "pooled")


def act(visit: Visit, event: Event, streams: Sequence[str]) -> list[Signal]:
    """A person acted on these streams: their rhythms move on, and silences of theirs end."""
    signals: list[Signal] = []
    for stream in streams:
        if not _observe(visit, stream, event.occurred_at):
            continue
        episode = find(visit.customer, SILENCE[stream]) if visit.customer.episodes else None
        if episode is not None:
            signals += _end_of(visit, stream, episode, event)
    return signals


def _observe(visit: Visit, stream: str, at: int) -> bool:
    """Take activity into a stream's rhythm; false if it changes nothing."""
    customer, policy = visit.customer, visit.context.policy
    old: Cadence | None = getattr(customer, stream)
    rule = policy.detect.silences[SILENCE[stream]]
    new = cadence.first(at) if old is None else cadence.observe(old, at, rule.forgetting)
    if new is old:
        return False
    if not new.due_at:
        limit = limits_of(visit.context.beliefs)[stream]
        new = new.due(new.last + limit(new.x, new.n, new.mean, new.m2))
    setattr(customer, stream, new)
    return True


def _end_of(visit: Visit, stream: str, episode: Episode, event: Event) -> list[Signal]:
    """What activity does to an open silence: it never was (late data), or it is over."""
    at = event.occurred_at
    if cadence.last_of(getattr(visit.customer, stream)) <= episode.started_at:
        return []
    evidence = _evidence_of_activity(event)
    late_by = visit.context.at - at
    if at <= episode.at and late_by <= visit.context.policy.late.retract:
        return [retract_episode(visit, episode, at, evidence)]
    return [close_episode(visit, episode, "returned", at, evidence)]


def _evidence_of_activity(event: Event) -> dict[str, Any]:
    """The event that ended a silence."""
    return {
        "event": {
            "type": event.type,
            "source": event.source,
            "id": event.id,
            "occurred_at": format_time(event.occurred_at),
            "surface": event.surface,
        }
    }


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
    rule, belief = policy.detect.silences[SILENCE[stream]], visit.context.beliefs.of(stream)
    c: Cadence = getattr(customer, stream)
    limit = threshold(c, rule, belief, policy.own.min_gaps)
    c = c.due(c.last + limit.length)
    setattr(customer, stream, c)
    if c.due_at + rule.grace > now:
        return None
    evidence = {"surface": _evidence_of_silence(c, limit), "rule": _evidence_of_rule(stream, c, rule, belief)}
    return open_episode(visit, SILENCE[stream], c.last, c.due_at, evidence)


def _evidence_of_silence(c: Cadence, limit: Threshold) -> dict[str, Any]:
    """The silence in words that a marketer reads."""
    return {
        "last_at": format_time(c.last),
        "occasions": c.x + 1,
        "typical_gap": format_days(round(limit.typical_days * DAY)),
        "silent": format_days(c.due_at - c.last),
        "threshold": format_days(limit.length),
        "threshold_from": limit.origin,
    }


def _evidence_of_rule(stream: str, c: Cadence, rule: SilenceRule, belief: Belief) -> dict[str, Any]:
    """Every number of the verdict, so that it can be reached again (N6). Lengths are in ms."""
    return {
        "stream": stream,
        "rule": rule.rule,
        "per_year": rule.per_year,
        "precision": rule.precision,
        "alpha": rule.alpha,
        "after": rule.after,
        "horizon": rule.horizon,
        "at_least": rule.at_least,
        "at_most": rule.at_most,
        "x": c.x,
        "n": c.n,
        "mean": c.mean,
        "m2": c.m2,
        "prior": {name: getattr(belief.prior, name) for name in ("m0", "kappa0", "a0", "b0", "a", "b")},
        "prior_from": belief.origin,
        "population": belief.version or None,
        "correction": belief.factor(c.x),
        "due_at": format_time(c.due_at),
    }


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
        close_episode(visit, episode, "disabled", max(at, episode.at), {})
        for episode in list(visit.customer.episodes)
        if episode.kind in rules_of and not rules_of[episode.kind].enabled
    ]
