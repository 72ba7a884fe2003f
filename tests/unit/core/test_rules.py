"""The deadlines of model.md: every vector of its section 8 that concerns rules (5) to (9)."""

import math
from types import SimpleNamespace

import pytest

from streams.customer import cadence
from streams.customer.cadence import Cadence
from streams.lapse import rules
from streams.lapse.rules import Gap

from ...support.story import P0

PRIOR = SimpleNamespace(**P0)
NONE: list[float] = []
OWN = [6.0, 7.0, 9.0, 8.0]
WEEKLY = [7.0] * 10
L = 60.0
EXACT = 1e-9


def sums(gaps: list[float]) -> Cadence:
    c = (0, 0.0, 0.0, 0.0)
    for days in gaps:
        c = cadence.with_gap(*c, math.log(days), 1.0)
    return Cadence(*c, 0, 0, 0, 0)


def posterior(gaps: list[float]) -> tuple[Gap, float]:
    c = sums(gaps)
    return rules.gap(c.n, c.mean, c.m2, PRIOR), rules.dropout_odds(c.x, PRIOR)


def test_the_sums_and_the_posterior_of_four_gaps() -> None:
    c = sums(OWN)
    g, odds = posterior(OWN)
    assert c.mean == pytest.approx(2.003583934325, rel=1e-12)
    assert c.m2 == pytest.approx(0.091446944740, rel=1e-10)
    assert g.location == pytest.approx(2.138970134054, rel=1e-12)
    assert g.scale == pytest.approx(0.571152107440, rel=1e-11)
    assert g.df == 10.0
    assert odds == 0.125
    assert g.share_within(L) == pytest.approx(0.996745793753, rel=1e-11)
    assert 1.0 - g.survival(L) == pytest.approx(0.996745793753, rel=1e-11)
    assert g.typical == pytest.approx(8.490688853, rel=EXACT)


@pytest.mark.parametrize(("gaps", "odds"), [(NONE, 0.25), (OWN, 0.125), (WEEKLY, 1 / 14)])
def test_dropout_odds(gaps: list[float], odds: float) -> None:
    assert posterior(gaps)[1] == pytest.approx(odds, rel=1e-15)


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        (lambda g, _: g.silence_of(0.05), (59.537124262, 23.906756650, 16.114071614)),
        (lambda g, _: g.length_of(0.95), (59.537124262, 23.906756650, 16.114071614)),
        (lambda g, o: rules.chance_deadline(g, o, 0.5), (21.886802160, 17.055841016, 14.736589781)),
        (lambda g, o: rules.precision(g, o, 0.5, L), (16.999518697, 16.716345999, 14.725303061)),
        (lambda g, o: rules.precision(g, o, 0.7, L), (27.595986700, 22.658470201, 18.086641914)),
        (lambda g, _: rules.quantile(g, 0.05, L), (40.231125225, 23.408706618, 16.106107204)),
        (lambda g, _: rules.yearly(g, 1.0, L), (44.757559587, 29.751685442, 19.794805788)),
        (lambda g, _: rules.yearly(g, 0.5, L), (50.915939940, 36.094199907, 23.022351104)),
    ],
    ids=["(5) S", "(5) F", "(6)", "(7) .5", "(7) .7", "(8)", "(9) B=1", "(9) B=.5"],
)
def test_the_deadlines_of_the_table(rule: object, days: tuple[float, float, float]) -> None:
    assert callable(rule)
    for gaps, expected in zip((NONE, OWN, WEEKLY), days, strict=True):
        assert rule(*posterior(gaps)) == pytest.approx(expected, rel=EXACT), gaps


def test_the_yearly_deadline_under_a_horizon_of_180_days() -> None:
    assert rules.yearly(posterior(WEEKLY)[0], 1.0, 180.0) == pytest.approx(19.817053662, rel=EXACT)


@pytest.mark.parametrize("gaps", [NONE, OWN, WEEKLY], ids=["none", "four", "ten"])
def test_a_deadline_inverts_its_probability(gaps: list[float]) -> None:
    g, odds = posterior(gaps)
    for tau in (0.05, 0.3, 0.5, 0.7):
        assert rules.chance_alive(g, odds, rules.chance_deadline(g, odds, tau)) == pytest.approx(
            tau, rel=EXACT
        )
    for share in (0.001, 0.05, 0.6, 0.95, 0.999):
        assert g.share_within(g.length_of(share)) == pytest.approx(share, rel=EXACT)
        assert g.survival(g.silence_of(share)) == pytest.approx(share, rel=EXACT)
    for alpha in (0.001, 0.05, 0.6):
        share = g.share_within(rules.quantile(g, alpha, L)) / g.share_within(L)
        assert 1.0 - share == pytest.approx(alpha, rel=EXACT)
    for promised in (0.5, 0.7, 0.9):
        s = rules.precision(g, odds, promised, L)
        kept = (odds + g.survival(L)) / (odds + g.survival(s))
        assert kept == pytest.approx(promised, rel=EXACT)


def test_a_level_of_one_or_more_is_due_at_once() -> None:
    g, odds = posterior(NONE)
    assert g.silence_of(1.0) == 0.0
    assert rules.chance_deadline(g, odds, 0.9) == 0.0


def test_precision_never_passes_the_horizon() -> None:
    g, _ = posterior(NONE)
    assert L - 0.01 < rules.precision(g, 1e-12, 0.9999, L) <= L


def test_hardly_any_gap_below_the_horizon_means_waiting_for_it_and_no_alarm_at_once() -> None:
    """Somebody who comes once in three years, under a horizon of 60 days."""
    g = rules.gap(60.0, math.log(1100.0), 0.05, SimpleNamespace(**{**P0, "m0": 7.0, "b0": 0.05}))
    assert g.survival(L) == 1.0, "1 - S has no digit left"
    assert 0.0 < g.share_within(L) < 1e-16
    assert 50.0 < rules.yearly(g, 1.0, L) <= L


@pytest.mark.parametrize("m0", [-1000.0, 1000.0])
@pytest.mark.parametrize("tiny", [5e-324, 1e6])
def test_the_wildest_prior_that_a_policy_may_hold_gives_a_number(m0: float, tiny: float) -> None:
    prior = SimpleNamespace(m0=m0, kappa0=tiny, a0=tiny, b0=tiny, a=tiny, b=tiny)
    for n in (0.0, 1.0, 40.0):
        g = rules.gap(n, 2.0, 0.1, prior)
        odds = rules.dropout_odds(int(n), prior)
        for days in (
            rules.yearly(g, 1e6, L),
            rules.quantile(g, 1e-300, L),
            rules.precision(g, odds, 0.7, L),
        ):
            assert 0.0 <= days <= L
        assert math.isfinite(g.typical)


def test_the_yearly_share_of_a_gap_stays_between_a_thousandth_and_six_tenths() -> None:
    fast = rules.gap(400.0, math.log(0.25), 1.0, PRIOR)
    assert fast.typical < 0.3
    assert rules.yearly(fast, 1.0, L) == rules.quantile(fast, 0.001, L)
    slow = rules.gap(40.0, math.log(300.0), 1.0, PRIOR)
    assert rules.yearly(slow, 1.0, L) == rules.quantile(slow, 0.6, L)
