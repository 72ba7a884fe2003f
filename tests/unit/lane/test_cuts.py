"""Which cuts are valid: the rule by which everybody who reads control comes to the same history."""

import pytest

from agents.lane.cuts import Base, ControlLog, DueCut, DueFact, FencedError, Verdict
from streams.wire.control import Cut, PolicyFact, Tick

OURS = 50
START = {"a": 10, "b": 0}


def cut(
    n: int,
    start: dict[str, int],
    ends: dict[str, int],
    *,
    at: int = 0,
    epoch: int = OURS,
    tick: int | None = None,
) -> Cut:
    return Cut(epoch=epoch, n=n, at=at, from_=start, ends=ends, tick=tick)


def going_on() -> ControlLog:
    """A log whose last executed cut was number 7 at 1000, by a former owner."""
    return ControlLog(OURS, 100, Base(epoch=20, n=7, at=1_000, ends=START))


def test_the_first_cut_of_a_partition_says_where_it_begins() -> None:
    log = ControlLog(OURS, 0)
    assert log.read(0, cut(1, START, {"a": 12, "b": 0}, at=5)) is Verdict.CUT
    assert log.queue[0] == DueCut(0, 1, 5, {"a": 12, "b": 0}, OURS)


def test_a_cut_that_follows_is_valid_whoever_wrote_it() -> None:
    log = going_on()
    middle, end = {"a": 11, "b": 3}, {"a": 11, "b": 9}
    assert log.read(100, cut(8, START, middle, epoch=20)) is Verdict.CUT
    assert log.read(101, cut(9, middle, end)) is Verdict.CUT
    assert [due.epoch for due in log.cuts()] == [20, OURS]
    assert (log.n, log.ends) == (9, end)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (cut(9, START, START), "its number skips one"),
        (cut(7, START, START), "its number is taken"),
        (cut(8, {"a": 11, "b": 0}, {"a": 12, "b": 0}), "it begins elsewhere"),
        (cut(8, START, {"a": 9, "b": 0}), "its ends go back"),
        (cut(8, START, {"a": 10}), "it forgets an input"),
    ],
)
def test_a_cut_out_of_the_chain_is_void_and_changes_nothing(wrong: Cut, why: str) -> None:
    log = going_on()
    assert log.read(100, wrong) is Verdict.VOID, why
    assert (log.n, log.at, log.ends, log.void, len(log.queue)) == (7, 1_000, START, 1, 0)


def test_after_a_newer_epoch_a_former_owners_cut_is_ignored_even_if_it_would_follow() -> None:
    log = going_on()
    assert log.read(100, cut(8, START, START)) is Verdict.CUT
    assert log.read(101, cut(9, START, START, epoch=20)) is Verdict.IGNORED
    assert (log.n, log.ignored) == (8, 1)


def test_a_void_cut_of_a_newer_epoch_still_ends_the_older_one() -> None:
    log = going_on()
    assert log.read(100, cut(99, START, START)) is Verdict.VOID
    assert log.read(101, cut(8, START, START, epoch=20)) is Verdict.IGNORED


def test_a_cut_of_a_newer_owner_fences_the_reader() -> None:
    with pytest.raises(FencedError, match="epoch 51"):
        going_on().read(100, cut(8, START, START, epoch=OURS + 1))


def test_a_reader_behind_the_last_executed_cut_is_fenced_at_once() -> None:
    with pytest.raises(FencedError):
        ControlLog(OURS, 100, Base(epoch=60, n=7, at=1_000, ends=START))


def test_time_only_moves_forward() -> None:
    log = going_on()
    log.read(100, cut(8, START, START, at=400))
    assert log.cuts()[0].at == 1_000


def test_a_record_that_was_seen_already_is_passed_over() -> None:
    log = going_on()
    log.read(100, cut(8, START, START))
    assert log.read(100, cut(8, START, START)) is Verdict.SEEN
    assert len(log.queue) == 1


def test_facts_keep_their_place_between_cuts() -> None:
    log = going_on()
    fact = PolicyFact(version="v", document={})
    log.read(100, cut(8, START, START))
    log.read(101, fact)
    log.read(102, cut(9, START, START))
    assert [type(item) for item in log.queue] == [DueCut, DueFact, DueCut]


def test_a_tick_waits_until_a_cut_reaches_its_time() -> None:
    log = going_on()
    log.read(100, Tick(at=2_000))
    log.read(101, Tick(at=3_000))
    log.read(102, cut(8, START, START, at=2_000, tick=100))
    assert [tick.at for tick in log.ticks] == [3_000]


def test_a_tick_whose_time_has_passed_does_not_wait() -> None:
    log = going_on()
    log.read(100, Tick(at=1_000))
    assert not log.ticks


def test_a_second_answer_to_a_tick_is_void() -> None:
    log = going_on()
    assert log.read(101, cut(8, START, START, at=2_000, tick=100)) is Verdict.CUT
    assert log.read(102, cut(9, START, START, at=2_000, tick=100)) is Verdict.VOID
