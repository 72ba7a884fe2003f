"""Everybody's sums, and what they say: the vectors of model.md 8, to the digits that it gives."""

import math
import random

import numpy as np
import pytest

from streams.customer.cadence import with_gap, without_gap
from streams.lapse import rules
from streams.population import prior
from streams.population.beta import beta_of
from streams.population.fixed import number
from streams.population.gaps import Sums, contributions, plus, posterior
from streams.population.prior import prior_of

from ...support.story import P0

FIVE: tuple[list[float], ...] = ([6, 7, 9, 8], [10, 25, 14], [14, 7], [12, 5, 20, 9, 7, 16], [30])


def rhythm(gaps: list[float], forgetting: float = 1.0) -> tuple[int, float, float, float]:
    sums = (0, 0.0, 0.0, 0.0)
    for gap in gaps:
        sums = with_gap(*sums, math.log(gap), forgetting)
    return sums


def of(*rhythms: tuple[int, float, float, float], forgetting: float = 1.0) -> Sums:
    return contributions(np.array(rhythms, float).T, forgetting)


def test_the_sums_of_five_customers() -> None:
    sums = {name: number(units) for name, units in of(*(rhythm(gaps) for gaps in FIVE))._asdict().items()}
    assert (sums["k"], sums["s0"], sums["snn"], sums["k2"], sums["k3"]) == (5, 16, 66, 4, 3)
    assert round(sums["s1"], 9) == 38.166819130
    assert round(sums["smm"], 9) == 93.028260970
    assert round(sums["sw"], 9) == 2.108670785
    assert round(sums["sm"], 9) == 12.751737852


def test_the_prior_of_five_customers(monkeypatch: pytest.MonkeyPatch) -> None:
    sums = of(*(rhythm(gaps) for gaps in FIVE))
    assert prior_of(sums) is None  # fewer than thirty with two gaps
    monkeypatch.setattr(prior, "ENOUGH", 4)
    found = prior_of(sums)
    assert found is not None
    assert [round(value, 9) for value in found] == [2.550347570, 1.869981491, 3.0, 0.383394688]


def test_dropout_from_a_histogram() -> None:
    trials, gone = [1000, 600, 420, 320, 250], [400, 180, 100, 70, 50]
    assert beta_of(trials, gone, [40, 18, 8, 5, 3]) == pytest.approx((1.29049, 2.18926), abs=1e-5)
    assert beta_of(trials, gone, [0] * 5) == pytest.approx((1.36411, 2.07496), abs=1e-5)
    assert beta_of([199], [100], [0]) == (0.3, 1.0)


@pytest.mark.parametrize(("gone", "share"), [(0, 0.001), (300, 0.95)])
def test_dropout_stays_within_its_bounds(gone: int, share: float) -> None:
    a, b = beta_of([300] * 5, [gone] * 5, [0.0] * 5)
    assert b >= 0.02 * (1 - 1e-9)
    assert a / (a + b) == pytest.approx(share, rel=0.05)


@pytest.mark.parametrize("forgetting", [1.0, 0.95])
def test_whatever_the_order_the_sums_are_the_same_and_what_goes_leaves_nothing(forgetting: float) -> None:
    chance = random.Random(5)
    everyone = [
        rhythm([chance.lognormvariate(2, 1) for _ in range(chance.randrange(60))], forgetting)
        for _ in range(400)
    ]
    together = of(*everyone, forgetting=forgetting)
    piecemeal = Sums()
    for one in sorted(everyone, key=lambda _: chance.random()):
        piecemeal = plus(piecemeal, of(one, forgetting=forgetting))
    assert piecemeal == together
    for one in everyone:
        piecemeal = plus(piecemeal, of(one, forgetting=forgetting), -1)
    assert piecemeal == Sums()


def test_a_planted_prior_is_found_again_also_with_forgetting() -> None:
    generator = np.random.default_rng(3)
    for forgetting in (1.0, 0.95):
        rhythms = []
        for _ in range(6000):
            variance = 1.8 / generator.gamma(4.0)
            mean = generator.normal(2.5, math.sqrt(variance / 1.5))
            gaps = np.exp(generator.normal(mean, math.sqrt(variance), generator.integers(1, 40)))
            rhythms.append(rhythm(gaps.tolist(), forgetting))
        found = prior_of(of(*rhythms, forgetting=forgetting))
        assert found is not None
        assert found.m0 == pytest.approx(2.5, abs=0.05)
        assert found.kappa0 == pytest.approx(1.5, rel=0.1)
        assert found.a0 == pytest.approx(4.0, rel=0.12)
        assert found.b0 == pytest.approx(1.8, rel=0.15)


def test_customers_who_are_all_alike_give_the_largest_weight_and_the_least_spread() -> None:
    chance = random.Random(2)
    alike = [rhythm([math.exp(2 + 0.05 * chance.gauss(0, 1)) for _ in range(12)]) for _ in range(300)]
    found = prior_of(of(*alike))
    assert found is not None
    assert (found.kappa0, found.a0) == (20.0, 30.0)
    same = prior_of(of(*[rhythm([7.0] * 12)] * 300))  # no spread at all: still a prior that can be used
    assert same is not None
    assert same.b0 > 0


def test_the_posterior_of_many_is_that_of_each() -> None:
    chance = random.Random(4)
    some = [rhythm([chance.lognormvariate(2, 1) for _ in range(n)], 0.95) for n in (0, 1, 2, 9, 50)]
    x, n, mean, m2 = np.array(some, float).T
    assert len(x) == len(some)
    table = [np.array(P0[name]) for name in ("m0", "kappa0", "a0", "b0")]
    for row, (_, *sums) in zip(np.array(posterior(table, n, mean, m2)).T, some, strict=True):
        assert tuple(row) == pytest.approx(rules.gap(sums[0], sums[1], sums[2], _Prior()), rel=1e-12)


class _Prior:
    m0, kappa0, a0, b0, a, b = 2.5, 1.5, 3.0, 1.2, 1.0, 4.0


def test_a_gap_that_is_taken_out_and_put_in_again_leaves_the_same_to_the_last_unit_but_few() -> None:
    before = rhythm([6, 7, 9, 8])
    again = with_gap(*without_gap(*before, math.log(8), 1.0), math.log(8), 1.0)
    assert max(map(abs, plus(of(again), of(before), -1))) < 2**10  # of 2**40: what rounding leaves
