"""What is measured between looks: the warm part, its own events and CPU; standing still is told."""

import pytest

from devkit.bench import watch as module
from devkit.bench.listen import Heard, quantiles, spread
from devkit.bench.watch import Look, warm_part, watch
from devkit.broker import ChildError

LOOKS = [Look(0, 1_000, 5.0), Look(1, 1_050, 6.0), Look(2, 1_500, 6.9), Look(3, 2_000, 7.9)]


def test_the_warm_part_begins_after_a_tenth_of_what_was_done_since_the_first_look() -> None:
    window = warm_part(LOOKS)
    assert (window.events, window.seconds) == (500, 1)
    assert window.micros == pytest.approx(1.0 / 500 * 1e6)
    assert window.rate == 500


def test_what_was_done_within_one_look_is_measured_whole() -> None:
    assert warm_part([LOOKS[0], LOOKS[3]]).events == 1_000


def test_nothing_done_is_no_measurement() -> None:
    with pytest.raises(ValueError, match="nothing was done"):
        warm_part([LOOKS[0], LOOKS[0]])


def test_looking_ends_when_all_is_done() -> None:
    source = iter(LOOKS)
    assert watch(lambda: next(source), 2_000, lambda: True, lambda: "") == LOOKS


def test_a_process_that_ended_is_told_with_what_it_said() -> None:
    with pytest.raises(ChildError, match=r"1,000 of 2,000(.|\n)*no disk"):
        watch(lambda: LOOKS[0], 2_000, lambda: False, lambda: "no disk")


def test_a_process_that_stands_still_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY", 0)
    monkeypatch.setattr(module, "STANDSTILL", 0.01)
    with pytest.raises(ChildError, match="1,000 of 2,000"):
        watch(lambda: LOOKS[0], 2_000, lambda: True, lambda: "")


def test_quantiles_are_of_the_values_themselves() -> None:
    assert quantiles(list(range(101))) == (101, 50, 99, 100)
    assert quantiles([]) is None


def test_delays_are_those_of_causes_in_the_time_asked_for() -> None:
    heard = Heard()
    heard.at.extend([100, 200, 300])
    heard.delay.extend([7, 1_030, 9])
    assert heard.quantiles(since=150, until=300, less=1_000) == (1, 30, 30, 30)
    assert heard.quantiles(since=301) is None


def test_the_longest_of_a_histogram_is_below_the_highest_bucket_that_grew() -> None:
    before = {'stall_bucket{le="0.1"}': 5.0, 'stall_bucket{le="0.5"}': 6.0, 'stall_bucket{le="+Inf"}': 6.0}
    after = {'stall_bucket{le="0.1"}': 8.0, 'stall_bucket{le="0.5"}': 9.0, 'stall_bucket{le="+Inf"}': 9.0}
    assert spread(before, after, "stall") == 0.1
    assert spread(before, {**after, 'stall_bucket{le="0.1"}': 7.0}, "stall") == 0.5
