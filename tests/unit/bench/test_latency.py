"""A latency is no result where too little was answered, or where the load was not held."""

import pytest

from devkit.bench.latency import check
from devkit.bench.listen import Quantiles
from devkit.bench.report import Result
from devkit.bench.watch import Window

WINDOW = Window(events=20_000, seconds=10, cpu=1)


def checked(commands: int, signals: int, rate: int = 2_000) -> Result:
    result = Result("latency")
    answers = [Quantiles(count, 1, 2, 3) if count else None for count in (commands, signals)]
    check(result, rate, WINDOW, answers)
    return result


def test_enough_answers_at_the_rate_asked_for_are_a_result() -> None:
    assert checked(790, 199).equal


@pytest.mark.parametrize(("commands", "signals"), [(600, 199), (790, 150), (0, 199)])
def test_too_few_answers_are_none(commands: int, signals: int) -> None:
    result = checked(commands, signals)
    assert not result.equal
    assert "answered of" in result.notes[0]


def test_a_load_that_was_not_held_is_none() -> None:
    result = checked(790, 199, rate=2_500)
    assert not result.equal
    assert "was not held" in result.notes[0]
