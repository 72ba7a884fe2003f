"""How many records of a topic partition may be unusable, whatever cuts they come in."""

import pytest

from agents.lane.brake import WINDOW, Brake

SHARE, RUN = 0.05, 100


def said(flags: list[bool], cut: int) -> list[int]:
    """The number of records after which a fresh brake speaks, fed in cuts of this size."""
    brake, found = Brake(), []
    for start in range(0, len(flags), cut):
        part = flags[start : start + cut]
        places = [place for place, bad in enumerate(part, 1) if bad]
        if brake.feed(len(part), places, SHARE, RUN):
            found.append(start + len(part))
    return found


@pytest.mark.parametrize("cut", [1, 7, 100, 5_000])
def test_few_bad_records_never_stop_a_line_that_has_just_begun(cut: int) -> None:
    assert said([True, False, False], cut) == []
    assert said([place % 100 != 99 for place in range(900)], cut) == [], (
        "no run of a hundred, no whole window"
    )


@pytest.mark.parametrize("cut", [1, 10, 50])
def test_so_many_in_a_row_stop_it_wherever_the_cuts_lie(cut: int) -> None:
    row = [False] * 50 + [True] * (RUN - 1)
    assert said([*row, False], cut) == []
    assert said([*row, True], cut)[:1] == [150]


@pytest.mark.parametrize("cut", [1, 13, 100, 10_000])
def test_five_in_a_hundred_are_borne_for_ever_and_six_are_not(cut: int) -> None:
    assert said([place % 20 == 0 for place in range(10_000)], cut) == []
    six = [place % 100 < 6 for place in range(10_000)]
    first = said(six, cut)[0]
    assert WINDOW <= first < WINDOW + cut


@pytest.mark.parametrize("cut", [1, 64, 2_000])
def test_a_share_that_is_over_when_the_first_window_ends_stops_it_though_the_end_is_good(cut: int) -> None:
    flags = [place % 2 == 0 for place in range(102)] + [False] * 1_900
    assert said(flags, cut)[0] >= WINDOW
    assert said([place % 2 == 0 for place in range(100)] + [False] * 1_900, cut) == []


def test_what_lies_further_back_than_the_window_is_forgotten() -> None:
    brake = Brake()
    assert brake.feed(WINDOW, list(range(1, 100, 2)), SHARE, RUN) == ""
    assert brake.feed(WINDOW, [], SHARE, RUN) == ""
    assert brake.feed(100, list(range(1, 100, 2)), SHARE, RUN) == ""


def test_the_words_name_the_count_and_the_limit() -> None:
    assert "100 records in a row" in Brake().feed(RUN, range(1, RUN + 1), SHARE, RUN)
    over = Brake().feed(WINDOW, range(1, 2 * 51, 2), SHARE, RUN)
    assert "51 of the last 1,000 records" in over
    assert "limit: 50" in over
