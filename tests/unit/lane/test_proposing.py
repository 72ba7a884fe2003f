"""When the owner writes a cut, and which."""

import pytest

from agents.lane.cuts import Base, ControlLog, Verdict, WaitingTick
from agents.lane.proposing import LONGEST_STRIDE, MAX_AHEAD, MOST_WOKEN, SHORTEST_STRIDE, Pace, Proposer
from streams.wire.control import Cut

EPOCH = 50
START = {"a": 100, "b": 200}
PACE = Pace(every=0.05, limit=10)


class Owner:
    """A proposer and the control log that its cuts go through."""

    def __init__(self) -> None:
        self.log = ControlLog(EPOCH, 0, Base(epoch=20, n=7, at=1_000, ends=START))
        self.proposer = Proposer(EPOCH, PACE)
        self.proposer.take_up(self.log, START)
        self.offset = 0

    def by_wall(self, now: float, fetched: dict[str, int], complete_until: int | None) -> Cut | None:
        return self.proposer.by_wall(self.log, now, fetched, complete_until)

    def carried_out(self) -> None:
        self.log.queue.clear()

    def written(self, cut: Cut | None) -> Verdict:
        assert cut is not None
        verdict = self.log.read(self.offset, cut)
        self.offset += 1
        if cut.epoch == EPOCH:
            self.proposer.settled(self.log, valid=verdict is Verdict.CUT)
        return verdict


def more(a: int = 0, b: int = 0) -> dict[str, int]:
    return {"a": START["a"] + a, "b": START["b"] + b}


def test_waiting_records_are_cut_once_per_interval() -> None:
    owner = Owner()
    first = owner.by_wall(10.0, more(3), None)
    assert first is not None
    assert (first.n, first.from_, first.ends, first.at) == (8, START, more(3), 1_000)
    assert owner.by_wall(10.01, more(4), None) is None
    second = owner.by_wall(10.05, more(4), None)
    assert second is not None
    assert (second.n, second.from_) == (9, more(3))


def test_under_backlog_it_does_not_wait_and_takes_a_share_of_each_input() -> None:
    owner = Owner()
    owner.written(owner.by_wall(10.0, more(3), None))
    cut = owner.by_wall(10.001, more(33, 10), 5_000)
    assert cut is not None
    assert sum(cut.ends.values()) - sum(cut.from_.values()) <= PACE.limit
    assert cut.ends["a"] > cut.from_["a"]
    assert cut.ends["b"] > cut.from_["b"]


def test_a_limit_below_the_number_of_inputs_still_takes_something_of_each() -> None:
    owner = Owner()
    owner.proposer = Proposer(EPOCH, Pace(every=0.05, limit=1))
    owner.proposer.take_up(owner.log, START)
    cut = owner.by_wall(10.0, more(1, 1), None)
    assert cut is not None
    assert cut.ends == more(1, 1), "a share of each rounds to none, for ever"


def test_a_cut_that_leaves_records_behind_does_not_move_time() -> None:
    cut = Owner().by_wall(10.0, more(33), 5_000)
    assert cut is not None
    assert cut.at == 1_000


def test_time_moves_each_second_though_no_record_waits() -> None:
    owner = Owner()
    assert owner.written(owner.by_wall(10.0, START, 5_000)) is Verdict.CUT
    assert owner.log.at == 5_000
    owner.carried_out()
    assert owner.by_wall(10.5, START, 5_500) is None
    assert owner.written(owner.by_wall(11.0, START, 6_000)) is Verdict.CUT


def test_time_that_would_go_back_is_left_where_it_is() -> None:
    owner = Owner()
    assert owner.by_wall(10.0, START, 900) is None
    cut = owner.by_wall(10.0, more(1), 900)
    assert cut is not None
    assert cut.at == 1_000


def test_only_a_few_cuts_are_ahead_of_what_is_carried_out() -> None:
    owner = Owner()
    cuts = [owner.by_wall(10.0 + i, more(i + 1), None) for i in range(MAX_AHEAD + 1)]
    assert [cut is not None for cut in cuts] == [True] * MAX_AHEAD + [False]
    owner.written(cuts[0])
    assert owner.by_wall(20.0, more(9), None) is None, "it was read back, but not carried out"
    owner.carried_out()
    assert owner.by_wall(20.0, more(9), None) is not None


def test_after_a_foreign_cut_came_first_all_cuts_under_way_are_void_and_the_chain_is_taken_up_again() -> None:
    owner = Owner()
    mine = [owner.by_wall(10.0 + i, more(i + 1), None) for i in range(2)]
    foreign = Cut(epoch=20, n=8, at=1_500, from_=START, ends=more(0, 5))
    assert owner.written(foreign) is Verdict.CUT
    assert owner.written(mine[0]) is Verdict.VOID
    assert owner.by_wall(13.0, more(3, 5), None) is None, "another own cut is still under way"
    assert owner.written(mine[1]) is Verdict.VOID
    owner.carried_out()
    again = owner.by_wall(13.0, more(3, 5), None)
    assert again is not None
    assert (again.n, again.at, again.from_) == (9, 1_500, more(0, 5))
    assert owner.written(again) is Verdict.CUT


def test_a_tick_is_answered_with_its_time_and_offset_one_at_a_time() -> None:
    owner = Owner()
    cut = owner.proposer.by_tick(1.0, WaitingTick(offset=3, at=9_000), more(500, 700))
    assert cut is not None
    assert (cut.tick, cut.at, cut.ends) == (3, 9_000, more(500, 700))
    assert owner.proposer.by_tick(2.0, WaitingTick(offset=4, at=9_500), more(500, 700)) is None
    owner.written(cut)
    assert owner.proposer.by_tick(2.0, WaitingTick(offset=4, at=9_500), more(500, 700)) is not None


def test_time_moves_in_shorter_strides_while_a_cut_would_wake_very_many_and_catches_up_after_it() -> None:
    owner, now, hour = Owner(), 10.0, 3_600_000
    assert owner.written(owner.by_wall(now, START, hour)) is Verdict.CUT
    assert owner.log.at == hour
    owner.carried_out()
    owner.proposer.woke(MOST_WOKEN * 10, 1_000)  # a second made ten times too many of them due
    cut = owner.by_wall(now + 1.0, START, hour + 1_000)
    assert cut is not None
    assert cut.at == hour + SHORTEST_STRIDE
    owner.written(cut)
    owner.carried_out()
    late = owner.by_wall(now + 1.05, START, hour + 1_050)
    assert late is not None, "time is behind: the next cut does not wait for a second"
    assert late.at == hour + 2 * SHORTEST_STRIDE
    owner.written(late)
    owner.carried_out()
    for _ in range(5):
        owner.proposer.woke(0, SHORTEST_STRIDE)
    caught_up = owner.by_wall(now + 1.1, START, hour + 1_100)
    assert caught_up is not None
    assert caught_up.at == hour + 1_100
    owner.written(caught_up)
    owner.carried_out()
    assert owner.by_wall(now + 1.2, START, hour + 1_200) is None, "it is up to date, and waits again"


@pytest.mark.parametrize(("woken", "moved"), [(MOST_WOKEN + 1, 0), (10**9, 1), (MOST_WOKEN + 1, 10**12)])
def test_a_stride_is_never_so_short_that_time_falls_behind_nor_longer_than_an_hour(
    woken: int, moved: int
) -> None:
    owner = Owner()
    owner.proposer.woke(woken, moved)
    cut = owner.by_wall(10.0, START, 10**13)
    assert cut is not None
    assert SHORTEST_STRIDE <= cut.at - 1_000 <= LONGEST_STRIDE
