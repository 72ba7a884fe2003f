"""The facts of a silence (D4, D5a-c, D6) and of its end, and the verdicts that follow from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from streams.beliefs import Belief
from streams.population.experience import CLASSES
from streams.wire.event import streams_of
from streams.wire.times import DAY, format_days, format_time

from . import rules
from .evidence import Act, Conclusion, Facts
from .kinds import SILENCE
from .limits import Scale, days_of, scale_of, within
from .migration import MoveFacts  # noqa: TC001 - the facts are read back by it

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.customer.cadence import Cadence
    from streams.open_time import OpenTime, Span
    from streams.policy.detect import SilenceRule

OWN_WEIGHT: Final = 0.5
"""Below this share of the posterior the own rhythm does not carry the threshold (model.md 2, ``own``)."""


class Threshold(NamedTuple):
    """How long a silence may last (``length``, ms), the typical gap in days, and whose rhythm it is."""

    length: int
    typical_days: float
    origin: str


class PriorFacts(msgspec.Struct, kw_only=True):
    """The numbers of ``streams.beliefs.Prior``."""

    m0: float
    kappa0: float
    a0: float
    b0: float
    a: float
    b: float


class Pause(msgspec.Struct, kw_only=True):
    """Time in a silence that does not count: ``closed`` (the brand's calendar) or an ``outage``."""

    why: str
    since: int
    until: int


class SilenceFacts(Facts, tag="silence"):
    """Everything that the verdict on a stream's silence depends on.

    Attributes:
        stream: purchase, app, web, store or brand.
        rule: of the policy, with its parameters below as they were in force; lengths in ms.
        min_gaps: fewer gaps than that are no own rhythm (N14).
        x: gaps seen; with ``n``, ``mean`` and ``m2`` the sums of ``streams.customer.cadence``.
        last: the end of the newest occasion (ms).
        prior: in force, with ``c`` and ``correction`` (a factor) of ``streams.beliefs.Belief``.
        prior_from: ``default`` for the built-in one, ``pooled`` for the population's or the policy's.
        population: the version of its fact, 0 for the policy's.
        horizon_days: what the horizon comes to in the time that counts.
        year_days: what a year comes to in it.
        paused: time since ``last`` that does not count, in order and without overlaps.
        move: of a surface, whether the customer moved to another.
    """

    stream: str
    rule: str
    per_year: float
    precision: float
    alpha: float
    after: int
    horizon: int
    at_least: int
    at_most: int
    min_gaps: int
    x: int
    n: float
    mean: float
    m2: float
    last: int
    prior: PriorFacts
    c: float
    prior_from: str
    population: int
    correction: float
    horizon_days: float
    year_days: float
    paused: tuple[Pause, ...] = ()
    move: MoveFacts | None = None

    def threshold(self) -> Threshold:
        """The silence that is too long for this rhythm under this rule (model.md 2), in the time that counts.

        The origin is ``own`` from ``min_gaps`` gaps on, if they outweigh the prior; before that ``pooled``,
        or ``default`` where the prior is the built-in one; ``policy`` where the policy names the days itself.
        """
        g = rules.gap(self.n, self.mean, self.m2, self.prior)
        if self.rule == "fixed":
            return Threshold(self.after, g.typical, "policy")
        own = self.x >= self.min_gaps and self.n >= OWN_WEIGHT * (self.prior.kappa0 + self.n)
        days = days_of(self.x, g, self, self._belief(), Scale(self.horizon_days, self.year_days))
        return Threshold(within(days, self), g.typical, "own" if own else self.prior_from)

    def _belief(self) -> Belief:
        """What was believed, as far as it concerns this customer."""
        correction = () if self.correction == 1.0 else (self.correction,) * CLASSES
        return Belief(self.prior, self.prior_from, self.population, self.c, correction)

    def conclude(self) -> Conclusion | None:
        """Silent for too long, unless a move explains it."""
        return None if self.move is not None and self.move.target() else self.silent()

    def silent(self) -> Conclusion:
        """Silent for too long once the threshold has passed since ``last``, pauses left out.

        Not before the moment to which that was put off.
        """
        limit = self.threshold()
        due_at = after(self.last, limit.length, self.paused)
        if self.move is None:
            words = {"surface": self.words(limit, due_at)}
        else:
            due_at = max(due_at, self.move.put_off)
            words = {"surface": self.words(limit, due_at), **self.move.words()}
        return Conclusion(SILENCE[self.stream], "opened", self.last, due_at, words)

    def silent_without(self, why: str) -> Conclusion:
        """What would be concluded if one kind of pause counted as silence like any other time."""
        return msgspec.structs.replace(
            self, paused=tuple(pause for pause in self.paused if pause.why != why)
        ).silent()

    def words(self, limit: Threshold, at: int) -> dict[str, Any]:
        """The silence as it is at ``at`` (ms), in words that a marketer reads."""
        return {
            "last_at": format_time(self.last),
            "occasions": self.x + 1,
            "typical_gap": format_days(round(limit.typical_days * DAY)),
            "silent": format_days(at - self.last),
            "threshold": format_days(limit.length),
            "threshold_from": limit.origin,
        }


def facts_of(
    stream: str,
    c: Cadence,
    rule: SilenceRule,
    belief: Belief,
    min_gaps: int,
    outages: tuple[Pause, ...] = (),
    time: OpenTime | None = None,
) -> SilenceFacts:
    """The facts of a stream's silence under the rule in force, what is believed, and the brand's calendar."""
    prior, scale = belief.prior, scale_of(rule.horizon, c.last, time)
    facts = SilenceFacts(
        stream=stream,
        rule=rule.rule,
        per_year=rule.per_year,
        precision=rule.precision,
        alpha=rule.alpha,
        after=rule.after,
        horizon=rule.horizon,
        at_least=rule.at_least,
        at_most=rule.at_most,
        min_gaps=min_gaps,
        x=c.x,
        n=c.n,
        mean=c.mean,
        m2=c.m2,
        last=c.last,
        prior=PriorFacts(m0=prior.m0, kappa0=prior.kappa0, a0=prior.a0, b0=prior.b0, a=prior.a, b=prior.b),
        c=belief.c,
        prior_from=belief.origin,
        population=belief.version,
        correction=belief.factor(c.x),
        horizon_days=scale.horizon,
        year_days=scale.year,
        paused=outages,
    )
    if time is not None and time.closes:
        length = facts.threshold().length + sum(pause.until - pause.since for pause in outages)
        closed = time.closed_between(c.last, time.after(c.last, length))
        facts.paused = _with_closed(list(closed), outages)
    return facts


def _with_closed(closed: Sequence[Span], outages: Sequence[Pause]) -> tuple[Pause, ...]:
    """Closed spans, and of outages what lies between them, in order."""
    paused = [Pause(why="closed", since=since, until=until) for since, until in closed]
    for pause in outages:
        since = pause.since
        for start, end in [*closed, (pause.until, pause.until)]:
            if since < min(start, pause.until):
                paused.append(Pause(why=pause.why, since=since, until=min(start, pause.until)))
            since = max(since, end)
    return tuple(sorted(paused, key=lambda pause: pause.since))


def after(since: int, length: int, paused: Sequence[Pause]) -> int:
    """When ``length`` (ms) has passed since a moment, without the pauses (ms)."""
    at = since + length
    for pause in paused:
        if pause.since < at:
            at += pause.until - max(pause.since, since)
    return at


class ReturnFacts(Facts, tag="return"):
    """Activity on a stream whose silence stands open: it is over, or it never was (mission.md 9).

    Attributes:
        stream: of the silence.
        started_at: of the episode (ms).
        opened_at: its deadline (ms).
        act: what the customer did.
        retract: how late an act may be heard of and still take the episode back (ms).
        too_late: whether it was heard of later than that.
    """

    stream: str
    started_at: int
    opened_at: int
    act: Act
    retract: int
    too_late: bool = False

    def conclude(self) -> Conclusion | None:
        """Retracted where the silence was broken before its deadline, else closed; None for another act."""
        at = self.act.occurred_at
        if self.stream not in streams_of(self.act.type, self.act.surface) or at <= self.started_at:
            return None
        kind, words = SILENCE[self.stream], {"event": self.act.words()}
        if at <= self.opened_at and not self.too_late:
            return Conclusion(kind, "retracted", self.started_at, at, words)
        return Conclusion(kind, "closed", self.started_at, at, words, reason="returned")
