"""When a worker that still answers is not alive all the same."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from agents.lane.pulse import STUCK_AFTER, Pulse
from agents.lane.status import LaneStatus

if TYPE_CHECKING:
    from agents.lane.lane import Lane


class Clock:
    """Handed in, and moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_lane_that_turns_is_alive_and_one_that_does_not_is_stuck_after_a_minute() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    for _ in range(3):
        clock.now += STUCK_AFTER
        assert pulse.stuck == ""
        pulse.turned(work=False)
    clock.now += STUCK_AFTER + 1
    assert pulse.stuck == "nothing was read for 61 s"
    pulse.begin()
    assert pulse.stuck == ""


def test_a_cut_that_is_not_carried_out_for_a_minute_is_stuck_though_records_are_read() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    for _ in range(4):
        pulse.turned(work=True)
        clock.now += STUCK_AFTER / 3
    assert pulse.stuck == "a cut waits, or is under way, for 80 s"
    pulse.finished()
    assert pulse.stuck == ""


def test_a_long_backlog_is_no_standstill_and_neither_is_having_nothing_to_do() -> None:
    clock = Clock()
    pulse = Pulse(clock)
    for _ in range(10):
        pulse.turned(work=True)
        clock.now += STUCK_AFTER / 2
        pulse.finished()
        assert pulse.stuck == ""
    pulse.turned(work=True)
    pulse.turned(work=False)
    clock.now += STUCK_AFTER
    assert pulse.stuck == ""


def test_nothing_is_stuck_while_partitions_move_or_are_recovered() -> None:
    clock = Clock()
    owned = SimpleNamespace(ready=True)
    lane = SimpleNamespace(pulse=Pulse(clock), live=False, joined=True, claiming=False, partitions={0: owned})
    status = LaneStatus(cast("Lane", lane))
    clock.now += STUCK_AFTER + 1
    assert status.alive
    assert status.reason == "partitions are moving"
    lane.live = True
    assert not status.alive
    assert status.reason == "nothing was read for 61 s"
    lane.partitions.clear()
    assert status.alive
