"""How long a silence may last on each stream, made ready to be asked at each new occasion.

What does not depend on the customer is computed once for a policy and what is known of the population.
The common rule stands here once more in one piece, operation for operation as in ``rules``: a test holds
that both give the same bits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from streams.beliefs import EVERYBODY, Belief
from streams.population.experience import experience
from streams.wire.times import DAY

from . import rules
from .kinds import SILENCE
from .student import stdtr, stdtrit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streams.beliefs import Beliefs, Prior
    from streams.open_time import OpenTime
    from streams.policy.detect import SilenceRule

    Limit = Callable[[int, float, float, float], int]

_KEPT: Final = 64
_ready: Final[dict[tuple[int, str], tuple[Beliefs, Mapping[str, Limit]]]] = {}
"""By the identity of what is believed, which is kept alive with what was made of it, and by cohort."""


def limits_of(beliefs: Beliefs, cohort: str = EVERYBODY) -> Mapping[str, Limit]:
    """By stream: from x, n, mean and m2 of a cadence to how long its silence may last (ms)."""
    key = id(beliefs), cohort if cohort in beliefs.cohorts else EVERYBODY
    ready = _ready.get(key)
    if ready is not None:
        return ready[1]
    if len(_ready) >= _KEPT:
        _ready.clear()
    silences = beliefs.policy.detect.silences
    limits = {
        stream: limit_of(silences[kind], beliefs.of(stream, cohort)) for stream, kind in SILENCE.items()
    }
    _ready[key] = (beliefs, limits)
    return limits


class Promise(Protocol):
    """What a rule asks of a threshold: ``streams.policy.detect.SilenceRule``, or the facts of a silence."""

    @property
    def rule(self) -> str:
        """Its name."""

    @property
    def per_year(self) -> float:
        """``yearly``: false alarms per active customer-year."""

    @property
    def precision(self) -> float:
        """``precision``: the share that stays silent until the horizon."""

    @property
    def alpha(self) -> float:
        """``quantile``: the share of gaps that alarm."""

    @property
    def at_least(self) -> int:
        """No alarm sooner (ms)."""

    @property
    def at_most(self) -> int:
        """An alarm at the latest then (ms)."""


class Scale(NamedTuple):
    """What spans of the calendar come to, in days of the time that counts.

    Attributes:
        horizon: the rule's, after the silence in question began.
        year: a common year.
    """

    horizon: float
    year: float = rules.DAYS_A_YEAR


def scale_of(horizon: int, last: int, time: OpenTime | None) -> Scale:
    """What a horizon (ms) comes to for a silence since ``last`` (ms) (model.md (11)).

    A brand that is open six days a week has that many fewer days in its year: a budget is for a year of the
    calendar, whatever the days in it.
    """
    if time is None or not time.closes:
        return Scale(horizon / DAY)
    return Scale(max(time.between(last, last + horizon), 1) / DAY, rules.DAYS_A_YEAR * time.share)


def limit_of(rule: SilenceRule, belief: Belief) -> Limit:
    """How long a silence may last under a rule, from x, n, mean and m2 (ms), where all time counts."""
    if rule.rule == "fixed":
        return lambda _x, _n, _mean, _m2: rule.after
    if rule.rule == "yearly":
        return _yearly(rule, belief)
    prior, scale = belief.prior, Scale(rule.horizon / DAY)
    return lambda x, n, mean, m2: within(days_of(x, rules.gap(n, mean, m2, prior), rule, belief, scale), rule)


def within(days: float, rule: Promise) -> int:
    """The days that a rule asks for, within its bounds (ms)."""
    return min(max(round(days * DAY), rule.at_least), rule.at_most)


def days_of(x: int, g: rules.Gap, rule: Promise, belief: Belief, scale: Scale) -> float:
    """The days that a rule asks for after ``x`` gaps, before its bounds."""
    horizon = scale.horizon
    if rule.rule in ("precision", "steered"):
        promised = rule.precision if rule.rule == "precision" else belief.c
        return rules.precision(g, rules.dropout_odds(x, belief.prior), promised, horizon)
    if rule.rule == "quantile":
        return rules.quantile(g, min(rule.alpha * belief.factor(x), max(rule.alpha, rules.MOST)), horizon)
    return rules.yearly(g, rule.per_year * belief.factor(x), horizon, scale.year)


def _yearly(rule: SilenceRule, belief: Belief) -> Limit:
    """``rules.yearly`` of ``rules.gap``, within the bounds of the rule."""
    prior: Prior = belief.prior
    budgets = [rule.per_year * factor for factor in belief.correction]
    m0, kappa0, a0, b0 = prior.m0, prior.kappa0, prior.a0, prior.b0
    per_year, at_least, at_most = rule.per_year, rule.at_least, rule.at_most
    horizon = rule.horizon / DAY
    log_horizon, weight = math.log(horizon), kappa0 * m0
    longest, a_year, exp, sqrt = rules.LONGEST, rules.DAYS_A_YEAR, math.exp, math.sqrt
    least, most = rules.LEAST, rules.MOST

    def limit(x: int, n: float, mean: float, m2: float) -> int:
        kappa = kappa0 + n
        shape = a0 + n / 2.0
        rate = b0 + m2 / 2.0 + kappa0 * n * (mean - m0) ** 2 / (2.0 * kappa)
        location = (weight + n * mean) / kappa
        scale = sqrt(rate * (kappa + 1.0) / shape / kappa)
        budget = budgets[experience(x)] if budgets else per_year
        alpha = budget * exp(location if location < longest else longest) / a_year  # noqa: FURB136
        if alpha < least:
            alpha = least
        elif alpha > most:
            alpha = most
        share = (1.0 - alpha) * stdtr(2.0 * shape, (log_horizon - location) / scale)
        end = location + scale * stdtrit(2.0 * shape, share)
        days = exp(end) if end < longest else horizon
        length = round((days if days < horizon else horizon) * DAY)  # noqa: FURB136 - min costs a call
        length = max(length, at_least)
        return length if length < at_most else at_most  # noqa: FURB136

    first = limit(0, 0.0, 0.0, 0.0)
    return lambda x, n, mean, m2: limit(x, n, mean, m2) if n else first
