"""Ticks between events: where they stand, and that no partition gets too much between two of them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.replay.history import HistoryEvent
from agents.replay.schedule import Pace, Placed, TickAt, with_ticks
from streams.wire.partition import partition_of
from streams.wire.times import HOUR


def event(at: int, key: bytes = b"c1") -> HistoryEvent:
    return HistoryEvent("web", key, b"{}", at)


def short(steps: list[Placed | TickAt]) -> list[str]:
    return [f"tick {s.at}" if isinstance(s, TickAt) else f"event {s.event.occurred_at}" for s in steps]


def play(*moments: int, tick: int = 10, beyond: int = 0, limit: int = 1000) -> list[str]:
    history = [event(at) for at in moments]
    return short(list(with_ticks(history, Pace(4, tick, beyond, limit))))


def test_what_stands_before_a_tick_happened_before_it() -> None:
    assert play(1, 9, 10, 12) == ["event 1", "event 9", "tick 10", "event 10", "event 12", "tick 20"]


def test_empty_stretches_are_ticked_through() -> None:
    assert play(5, 37) == ["event 5", "tick 10", "tick 20", "tick 30", "event 37", "tick 40"]


def test_time_goes_on_beyond_the_last_event_as_far_as_asked() -> None:
    assert play(5, beyond=20) == ["event 5", "tick 10", "tick 20", "tick 30"]


def test_no_history_is_no_tick() -> None:
    assert play() == []


def test_a_partition_that_gets_too_much_gets_a_tick_of_its_own() -> None:
    assert play(1, 2, 2, 2, 3, limit=3) == [
        "event 1", "event 2", "tick 3", "event 2", "event 2", "tick 4", "event 3", "tick 10",
    ]  # fmt: skip


def test_an_extra_tick_at_the_end_of_an_hour_is_that_hours_tick() -> None:
    assert play(9, 9, 9, 9, 15, limit=3) == [
        "event 9", "event 9", "tick 10", "event 9", "event 9", "tick 11", "event 15", "tick 20",
    ]  # fmt: skip


HISTORIES = st.lists(
    st.tuples(st.integers(0, 300), st.sampled_from([b"a", b"b", b"c", b"d"])), max_size=60
).map(lambda pairs: [event(at, key) for at, key in sorted(pairs)])


@given(HISTORIES, st.integers(1, 50), st.integers(2, 6), st.integers(0, 100))
def test_every_event_is_kept_in_order_ticks_go_forward_and_no_partition_overflows(
    history: list[HistoryEvent], tick: int, limit: int, beyond: int
) -> None:
    steps = list(with_ticks(history, Pace(3, tick, beyond, limit)))

    assert [step.event for step in steps if isinstance(step, Placed)] == history
    ticks = [step.at for step in steps if isinstance(step, TickAt)]
    assert all(earlier < later for earlier, later in pairwise(ticks))
    sent: list[int] = []
    counts = [0, 0, 0]
    for step in steps:
        if isinstance(step, TickAt):
            assert all(at < step.at for at in sent)
            counts = [0, 0, 0]
        else:
            assert step.partition == partition_of(step.event.key, 3)
            sent.append(step.event.occurred_at)
            counts[step.partition] += 1
            assert counts[step.partition] < limit
    assert not history or ticks[-1] > history[-1].occurred_at + beyond


def test_the_default_is_a_tick_an_hour() -> None:
    steps = list(with_ticks([event(0), event(2 * HOUR)], Pace(1)))
    assert [step.at for step in steps if isinstance(step, TickAt)] == [HOUR, 2 * HOUR, 3 * HOUR]


@pytest.mark.parametrize("tick", [1, 7, HOUR])
def test_regular_ticks_stand_at_whole_multiples(tick: int) -> None:
    steps = with_ticks([event(3), event(40)], Pace(1, tick))
    assert all(step.at % tick == 0 for step in steps if isinstance(step, TickAt))
