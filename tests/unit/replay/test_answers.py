"""Which cut answers a tick: the next valid one that names it, and no other."""

from agents.replay.answers import Answers
from streams.wire.control import Cut


def cut(n: int, at: int, tick: int | None, *, epoch: int = 1, start: int | None = None) -> Cut:
    begin = n - 1 if start is None else start
    return Cut(epoch=epoch, n=n, at=at, from_={"web": begin}, ends={"web": n}, tick=tick)


def test_a_tick_is_under_way_until_each_partition_has_its_cut() -> None:
    answers = Answers(2)
    answers.asked(0, 5)
    answers.asked(1, 9)
    assert answers.under_way == 1
    answers.saw(0, cut(1, 100, 5))
    assert answers.silent() == [1]
    answers.saw(1, cut(1, 100, 9))
    assert answers.under_way == 0
    assert answers.at == 100


def test_ticks_under_way_together_are_answered_one_by_one() -> None:
    answers = Answers(1)
    answers.asked(0, 5)
    answers.asked(0, 6)
    answers.saw(0, cut(1, 100, 5))
    assert answers.under_way == 1
    answers.saw(0, cut(2, 200, 6))
    assert answers.under_way == 0


def test_cuts_that_no_tick_asked_for_answer_nothing() -> None:
    answers = Answers(1)
    answers.asked(0, 5)
    answers.saw(0, cut(1, 100, None))
    assert answers.under_way == 1


def test_a_cut_of_a_former_owner_answers_nothing() -> None:
    answers = Answers(1)
    answers.saw(0, cut(1, 50, 3, epoch=2))
    answers.asked(0, 5)
    answers.saw(0, cut(2, 100, 5, epoch=1))
    assert answers.under_way == 1
    answers.saw(0, cut(2, 100, 5, epoch=2))
    assert answers.under_way == 0


def test_a_void_cut_answers_nothing() -> None:
    answers = Answers(1)
    answers.saw(0, cut(1, 50, 3))
    answers.asked(0, 5)
    answers.saw(0, cut(3, 100, 5))  # not the next
    answers.saw(0, cut(2, 100, 5, start=7))  # does not begin where the one before ended
    answers.saw(0, cut(2, 50, 5))  # answers a tick whose time has passed
    assert answers.under_way == 1
    assert answers.at == 50


def test_a_former_tick_is_no_answer_to_a_later_one() -> None:
    answers = Answers(1)
    answers.asked(0, 5)
    answers.saw(0, cut(1, 100, 4))
    assert answers.silent() == [0]
