"""What is made ready for speed gives the same bits as the formulas that it stands for."""

import math
import random
import struct
from collections.abc import Callable, Mapping
from datetime import date
from types import SimpleNamespace

import pytest
from scipy import special

from streams.beliefs import Belief, beliefs_of
from streams.customer.cadence import Cadence
from streams.lapse import limits, rules, student
from streams.lapse.silence_facts import facts_of
from streams.open_time import OpenTime
from streams.policy.builtin import default_policy
from streams.policy.detect import SilenceRule
from streams.policy.model import Policy
from streams.wire.times import DAY, parse_time

from ...support.story import P0, policy

PRIORS = [
    SimpleNamespace(**P0),
    SimpleNamespace(m0=-1.2, kappa0=0.25, a0=2.0, b0=0.4, a=0.3, b=1.0),
    SimpleNamespace(m0=7.0, kappa0=20.0, a0=30.0, b0=30.0, a=1.0, b=0.02),
]


def rule(**given: str | float) -> SilenceRule:
    return SilenceRule.model_validate(given)


RULES = [
    rule(),
    rule(per_year=0.01, horizon="400d", at_most="2000d"),
    rule(per_year=1e6, at_least="0s", horizon="2h"),
    rule(rule="precision"),
    rule(rule="steered", horizon="90d"),
    rule(rule="quantile", alpha=0.2),
    rule(rule="fixed", after="3d"),
]


def sums(chance: random.Random) -> tuple[int, float, float, float]:
    x = chance.choice((0, 1, 2, 5, 40, 3000))
    n = 0.0 if x == 0 else chance.choice((float(x), min(x, 19.9) * 0.97))
    spread = chance.choice((0.0, 1e-9, 0.3, 5.0))
    return x, n, chance.uniform(-1.4, 6.0) if n else 0.0, n * spread * chance.random()


@pytest.mark.parametrize("correction", [(), (0.5, 0.8, 1.0, 1.5, 90.0)], ids=["as-it-is", "corrected"])
@pytest.mark.parametrize("prior", PRIORS, ids=["P0", "narrow", "far"])
@pytest.mark.parametrize("of", RULES, ids=lambda of: f"{of.rule}-{of.per_year}")
def test_a_prepared_limit_is_the_threshold_that_the_evidence_tells(
    of: SilenceRule, prior: SimpleNamespace, correction: tuple[float, ...]
) -> None:
    belief = Belief(prior, correction=correction)
    chance, limit = random.Random(7), limits.limit_of(of, belief)
    for _ in range(3000):
        x, n, mean, m2 = sums(chance)
        known = Cadence(x, n, mean, m2, 0, 0, 0, 0)
        assert limit(x, n, mean, m2) == facts_of("app", known, of, belief, 4).threshold().length


def test_a_steered_limit_is_that_of_the_precision_in_force() -> None:
    steered, known = rule(rule="steered", horizon="60d"), (10, 10.0, math.log(7.0), 0.0)
    prior = SimpleNamespace(**P0)
    for c in (0.5, 0.7, 0.9):
        promised = limits.limit_of(rule(rule="precision", precision=c, horizon="60d"), Belief(prior))
        assert limits.limit_of(steered, Belief(prior, c=c))(*known) == promised(*known)
    assert limits.limit_of(steered, Belief(prior))(*known) == round(18.086641914 * DAY), "0.7 at first"


@pytest.mark.parametrize("of", RULES, ids=lambda of: f"{of.rule}-{of.per_year}")
def test_closed_days_are_left_out_of_gaps_horizon_and_deadline(of: SilenceRule) -> None:
    """A silence with a closed week in it is the same, a week longer, under the horizon that is left."""
    week = OpenTime("UTC", (), [(date(2025, 3, 3), date(2025, 3, 9))])
    last, prior = parse_time("2025-03-01T12:00:00.000Z"), SimpleNamespace(**P0)
    known = Cadence(10, 10.0, math.log(7.0), 0.0, 0, last, last, 0)
    shorter = of.model_copy(update={"horizon": of.horizon - 7 * DAY}) if of.horizon > 9 * DAY else of
    facts = facts_of("app", known, of, Belief(prior), 4, (), week)
    length = limits.limit_of(shorter, Belief(prior))(10, 10.0, math.log(7.0), 0.0)
    assert facts.threshold().length == length
    assert facts.silent().at == week.after(last, length)


def limits_under(policy_: Policy) -> Mapping[str, Callable[[int, float, float, float], int]]:
    return limits.limits_of(beliefs_of(policy_, None))


def test_each_policy_has_its_own_limits() -> None:
    often = policy(detect={"app_stopped": {"per_year": 50.0}})
    for _ in range(2):
        default, busy = limits_under(default_policy())["app"], limits_under(often)["app"]
        assert busy(9, 8.0, 2.0, 1.0) < default(9, 8.0, 2.0, 1.0)


def bits(number: float) -> bytes:
    return struct.pack("<d", number)


def test_the_functions_of_numbers_are_those_of_arrays_to_the_last_bit() -> None:
    chance = random.Random(3)
    for _ in range(100_000):
        df = chance.choice((chance.uniform(0.1, 4.0), chance.uniform(4.0, 60.0), 10 ** chance.uniform(0, 6)))
        t = chance.choice((chance.uniform(-4.0, 4.0), chance.gauss(0.0, 200.0)))
        share = chance.choice((chance.random(), 10 ** chance.uniform(-300, 0)))
        assert bits(student.stdtr(df, t)) == bits(float(special.stdtr(df, t)))
        assert bits(student.stdtrit(df, share)) == bits(float(special.stdtrit(df, share)))


def test_the_functions_give_plain_numbers() -> None:
    assert type(student.stdtr(7.0, 1.5)) is float
    assert type(student.stdtrit(7.0, 0.9)) is float
    assert rules.Gap(1.0, 0.5, 7.0).share_within(10.0) == pytest.approx(0.9822, abs=1e-3)
