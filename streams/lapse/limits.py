"""How long a silence may last on each stream, made ready to be asked at each new occasion.

What does not depend on the customer is computed once for a policy. The common rule stands here once more in
one piece, operation for operation as in ``rules``: a test holds that both give the same bits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from streams.wire.times import DAY

from . import rules
from .kinds import SILENCE
from .student import stdtr, stdtrit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streams.policy.detect import SilenceRule
    from streams.policy.model import Policy

    Limit = Callable[[int, float, float, float], int]

_KEPT: Final = 64
_ready: Final[dict[int, tuple[Policy, Mapping[str, Limit]]]] = {}
"""By the identity of a policy, which is kept alive with what was made of it."""


def limits_of(policy: Policy) -> Mapping[str, Limit]:
    """By stream: from x, n, mean and m2 of a cadence to how long its silence may last (ms)."""
    ready = _ready.get(id(policy))
    if ready is not None:
        return ready[1]
    if len(_ready) >= _KEPT:
        _ready.clear()
    limits = {
        stream: limit_of(policy.detect.silences[kind], getattr(policy.prior, stream))
        for stream, kind in SILENCE.items()
    }
    _ready[id(policy)] = (policy, limits)
    return limits


def limit_of(rule: SilenceRule, prior: rules.Prior) -> Limit:
    """How long a silence may last under a rule, from x, n, mean and m2 (ms)."""
    if rule.rule == "fixed":
        return lambda _x, _n, _mean, _m2: rule.after
    if rule.rule not in ("precision", "quantile"):
        return _yearly(rule, prior)
    return lambda x, n, mean, m2: within(days_of(x, rules.gap(n, mean, m2, prior), rule, prior), rule)


def within(days: float, rule: SilenceRule) -> int:
    """The days that a rule asks for, within its bounds (ms)."""
    return min(max(round(days * DAY), rule.at_least), rule.at_most)


def days_of(x: int, g: rules.Gap, rule: SilenceRule, prior: rules.Prior) -> float:
    """The days that a rule asks for after ``x`` gaps, before its bounds."""
    horizon = rule.horizon / DAY
    if rule.rule == "precision":
        return rules.precision(g, rules.dropout_odds(x, prior), rule.precision, horizon)
    if rule.rule == "quantile":
        return rules.quantile(g, rule.alpha, horizon)
    return rules.yearly(g, rule.per_year, horizon)


def _yearly(rule: SilenceRule, prior: rules.Prior) -> Limit:
    """``rules.yearly`` of ``rules.gap``, within the bounds of the rule."""
    m0, kappa0, a0, b0 = prior.m0, prior.kappa0, prior.a0, prior.b0
    per_year, at_least, at_most = rule.per_year, rule.at_least, rule.at_most
    horizon = rule.horizon / DAY
    log_horizon, weight = math.log(horizon), kappa0 * m0
    longest, a_year, exp, sqrt = rules.LONGEST, rules.DAYS_A_YEAR, math.exp, math.sqrt
    least, most = rules.LEAST, rules.MOST

    def limit(_x: int, n: float, mean: float, m2: float) -> int:
        kappa = kappa0 + n
        shape = a0 + n / 2.0
        rate = b0 + m2 / 2.0 + kappa0 * n * (mean - m0) ** 2 / (2.0 * kappa)
        location = (weight + n * mean) / kappa
        scale = sqrt(rate * (kappa + 1.0) / shape / kappa)
        alpha = per_year * exp(location if location < longest else longest) / a_year  # noqa: FURB136
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
