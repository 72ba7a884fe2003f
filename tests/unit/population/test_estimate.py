"""From the sums of partitions to a fact: once a day, added up, steered, and never behind its version."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from streams.population.dropout import PLACES, Ring
from streams.population.estimate import estimate
from streams.population.gaps import Sums, contributions
from streams.population.promise import promise_of
from streams.population.steering import DayOf, steered
from streams.population.watched import drift
from streams.wire.control import Known, PopulationFact
from streams.wire.population import SUMS, Day, PartitionSums, StreamSums
from streams.wire.times import DAY

from .test_sums import rhythm

L = 60
TODAY = 20_000


def sums_of(count: int, mean: float = 2.0, seed: int = 1) -> Sums:
    generator = np.random.default_rng(seed)
    gaps = [np.exp(generator.normal(generator.normal(mean, 0.4), 0.5, 12)).tolist() for _ in range(count)]
    return contributions(np.array([rhythm(some, 0.95) for some in gaps]).T, 0.95)


def stream(sums: dict[str, Sums], **changes: Any) -> StreamSums:  # noqa: ANN401 - any field
    fields: dict[str, Any] = {
        "rule": "yearly",
        "per_year": 1.0,
        "alpha": 0.05,
        "horizon": L * DAY,
        "since": TODAY - 400,
        "sums": {cohort: [str(units) for units in found] for cohort, found in sums.items()},
        "trials": [0] * PLACES,
        "gone": [0] * PLACES,
        "survivals": [0] * PLACES,
        "pit": [0] * 100,
        "days": {},
    }
    return StreamSums(**fields | changes)


def part(number: int, of: StreamSums, at: int = TODAY * DAY + 5, version: int = 0) -> PartitionSums:
    return PartitionSums(partition=number, at=at, version=version, streams={"web": of})


def days(alarmed: Sequence[int], length: int = 365 * DAY) -> dict[int, Day]:
    """Ten gaps a day in each class, and alarms in some."""
    one = Day(length=[length] * 5, closed=[10] * 5, alarmed=list(alarmed))
    return dict.fromkeys(range(TODAY - 40, TODAY), one)


def test_below_thirty_customers_nothing_is_known_and_then_it_is() -> None:
    assert estimate([part(0, stream({"": sums_of(14)})), part(1, stream({"": sums_of(15)}))], None) is None
    fact = estimate([part(0, stream({"": sums_of(14)})), part(1, stream({"": sums_of(16)}))], None)
    assert fact is not None
    known = fact.priors["web"][""]
    assert (fact.version, known.customers, known.a0, known.a, known.b, known.c) == (1, 30, 3.0, 0.3, 1.0, 0.7)


def test_partitions_add_up_in_any_order() -> None:
    parts = [part(number, stream({"": sums_of(40, seed=number)})) for number in range(5)]
    first, second = estimate(parts, None), estimate(parts[::-1], None)
    assert first is not None
    assert first == second


def test_a_cohort_has_its_own_prior_once_it_is_large_enough() -> None:
    sums = {"": sums_of(10), "pro": sums_of(50, 3.5, 2), "few": sums_of(5, 0.0, 3)}
    fact = estimate([part(0, stream(sums))], None)
    assert fact is not None
    known = fact.priors["web"]
    assert known.keys() == {"", "pro"}
    assert known[""].customers == 65
    assert known["pro"].m0 > known[""].m0 + 0.3


def test_it_is_estimated_once_a_day_and_goes_on_from_the_newest_version() -> None:
    parts = [part(0, stream({"": sums_of(50)}))]
    first = estimate(parts, None)
    assert first is not None
    assert estimate(parts, first) is None
    later = [part(0, stream({"": sums_of(50)}), at=(TODAY + 1) * DAY)]
    second = estimate(later, first)
    assert second is not None
    assert second.version == 2
    ahead = estimate([part(0, stream({"": sums_of(50)}), at=(TODAY + 1) * DAY, version=7)], first)
    assert ahead is not None
    assert ahead.version == 8  # whoever lost facts knows from the partitions how far versions are


def test_the_slowest_partition_says_what_day_it_is() -> None:
    first = estimate([part(0, stream({"": sums_of(50)})), part(1, stream({"": sums_of(5)}))], None)
    behind = [
        part(0, stream({"": sums_of(50)}), at=(TODAY + 3) * DAY),
        part(1, stream({"": sums_of(5)}), at=TODAY * DAY + 9),
    ]
    assert estimate(behind, first) is None


def test_what_is_told_survives_the_wire() -> None:
    told = part(3, stream({"": sums_of(9), "pro": sums_of(3)}, days=days([1] * 5)))
    assert SUMS.decode(SUMS.encode(told)) == told


class TestSteering:
    def test_too_many_alarms_ask_for_more_precision_and_too_few_for_less(self) -> None:
        many = {day: DayOf(2.0, 4.0) for day in range(30)}
        few = {day: DayOf(2.0, 1.0) for day in range(30)}
        assert steered(0.7, many, range(30)) == pytest.approx(1 / (1 + math.exp(-(math.log(7 / 3) + 0.5))))
        assert steered(0.7, few, range(30)) == pytest.approx(1 / (1 + math.exp(-(math.log(7 / 3) - 0.25))))

    def test_it_stays_within_its_bounds(self) -> None:
        wild = {day: DayOf(0.0, 100.0) for day in range(40)}
        assert steered(0.7, wild, range(40)) == pytest.approx(1 / (1 + math.exp(-(math.log(7 / 3) + 3))))

    def test_days_that_were_taken_in_are_not_taken_in_again(self) -> None:
        parts = [stream({}, rule="steered", days=days([2] * 5))]
        whole = promise_of(parts, TODAY, None, None)
        half = promise_of(parts, TODAY - 10, None, None)
        former = Known(m0=1, kappa0=1, a0=3, b0=1, a=1, b=1, customers=30, c=half.c)
        assert whole.c > half.c > 0.7
        assert promise_of(parts, TODAY, former, TODAY - 10).c == pytest.approx(whole.c)

    def test_a_young_base_is_not_steered(self) -> None:
        young = [stream({}, rule="steered", since=TODAY - 80, days=days([20] * 5))]
        assert promise_of(young, TODAY, None, None).c == 0.7

    def test_yearly_gets_one_factor_and_quantile_one_for_each_experience(self) -> None:
        alarms = [0, 1, 1, 1, 3]  # six a day, where ten gaps of a year together in each class allow five
        yearly = promise_of([stream({}, days=days(alarms))], TODAY, None, None).correction
        assert len(set(yearly)) == 1
        assert 0.7 < yearly[0] < 1.0
        quantile = promise_of(
            [stream({}, rule="quantile", alpha=0.1, days=days(alarms))], TODAY, None, None
        ).correction
        assert quantile[0] > 1.0 > quantile[4]
        assert quantile[1] == pytest.approx(1.0)

    def test_fixed_and_precision_are_left_alone(self) -> None:
        for rule in ("fixed", "precision"):
            assert promise_of([stream({}, rule=rule, days=days([9] * 5))], TODAY, None, None) == (0.7, ())

    def test_while_partitions_change_to_another_rule_nothing_moves(self) -> None:
        parts = [stream({}, days=days([9] * 5)), stream({}, per_year=2.0, days=days([9] * 5))]
        assert promise_of(parts, TODAY, None, None) == (0.7, ())


class TestRing:
    def test_a_trial_counts_when_its_days_are_over_also_if_the_return_came_early(self) -> None:
        ring = Ring()
        ring.begin(np.array([5, 5, 5]), np.array([0, 0, 70]), np.array([0.25, 0.5, 0.125]))
        ring.returned(np.array([5]), np.array([0]))
        ring.fold((5 + 1 + L + 1) * DAY - 1, L * DAY)
        assert not ring.over.any()
        ring.fold((5 + 1 + L + 1) * DAY, L * DAY)
        trials, gone, survivals = ring.over
        assert (trials[0], gone[0], survivals[0]) == (2, 1, 0.75 * 2**24)
        assert (trials[64], gone[64], survivals[64]) == (1, 1, 0.125 * 2**24)
        ring.returned(np.array([5]), np.array([0]))  # too late: it is over
        assert ring.over[1].sum() == 2

    def test_it_is_stored_and_restored(self) -> None:
        ring = Ring()
        ring.begin(np.array([5, 9]), np.array([0, 3]), np.array([0.25, 0.5]))
        ring.fold((7 + L) * DAY, L * DAY)
        again = Ring.restored(*ring.stored())
        assert (again.over == ring.over).all()
        assert again.days.keys() == ring.days.keys() == {9}
        assert (again.days[9] == ring.days[9]).all()


def test_drift_is_how_far_places_are_from_even() -> None:
    assert drift([3] * 100) == 0.0
    assert drift([0] * 100) == 0.0
    assert drift([0] * 99 + [5]) == pytest.approx(0.99)


def test_a_fact_carries_on_what_it_does_not_learn() -> None:
    before = PopulationFact(version=4, priors={}, responses={"email": 1}, at=(TODAY - 1) * DAY)
    fact = estimate([part(0, stream({"": sums_of(3)}))], before)
    assert fact is not None
    assert (fact.version, fact.priors, fact.responses) == (5, {}, {"email": 1})
