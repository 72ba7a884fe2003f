"""The time of a partition is never ahead of what was read, and is held after an outage."""

import pytest

from agents.lane.clock import OUTAGE, Answer, Hold, complete_until

HOLD = 30_000
NODE, OTHER = 1, 2


def test_time_is_the_oldest_of_the_last_answered_fetches() -> None:
    assert complete_until([Answer(5_000, 10, 10), Answer(4_900, 3, 4)]) == 4_900


@pytest.mark.parametrize(
    "behind",
    [Answer(5_000, 10, 9), Answer(None, None, 0), Answer(5_000, None, 0)],
    ids=["behind", "unasked", "blind"],
)
def test_an_input_that_is_behind_keeps_time_where_it_was(behind: Answer) -> None:
    assert complete_until([Answer(5_000, 10, 10), behind]) is None


def test_a_short_failure_holds_nothing() -> None:
    hold = Hold(HOLD)
    hold.failed(NODE, 1_000)
    hold.answered(NODE, 1_000 + OUTAGE - 10, 1_000 + OUTAGE)
    assert hold.until == 0


def test_after_an_outage_time_is_held_from_the_first_answer_on() -> None:
    hold = Hold(HOLD)
    hold.failed(NODE, 1_000)
    hold.failed(NODE, 5_000)
    hold.answered(OTHER, 6_990, 7_000)
    assert hold.until == 0, "the other broker was never away"
    hold.answered(NODE, 7_990, 8_000)
    assert hold.until == 8_000 + HOLD
    hold.answered(NODE, 8_100, 8_200)
    assert hold.until == 8_000 + HOLD, "one outage is one hold"


def test_an_answer_that_took_as_long_as_an_outage_is_one() -> None:
    hold = Hold(HOLD)
    hold.answered(NODE, 1_000, 1_000 + OUTAGE + 1)
    assert hold.until == 1_000 + OUTAGE + 1 + HOLD


def test_a_takeover_after_a_long_standstill_holds_time() -> None:
    hold = Hold(HOLD)
    assert hold.taken_over(last_at=100_000, now=200_000, gap=12_000) == 200_000 + HOLD


@pytest.mark.parametrize(
    ("last_at", "now"), [(190_000, 200_000), (0, 200_000)], ids=["a quick one", "the first ever"]
)
def test_an_ordinary_takeover_does_not(last_at: int, now: int) -> None:
    assert Hold(HOLD).taken_over(last_at=last_at, now=now, gap=12_000) == 0
