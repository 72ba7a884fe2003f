"""An idle owner looks now and then whether it is still alone."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agents.lane.clock import Clock
from agents.lane.executor import LOOK_EVERY, MARK_AFTER, Executor
from agents.lane.fence import LeaseExpiredError
from agents.lane.lane import Lane
from agents.lane.pulse import Pulse


class Marks:
    """Stands in for the changelog, and notes the marks."""

    def __init__(self) -> None:
        self.marked: list[int] = []

    async def mark(self, owned: Any) -> None:  # noqa: ANN401 - a stand-in
        self.marked.append(owned.number)


def lane_of(marks: Marks, now: list[float]) -> Lane:
    owned = SimpleNamespace(number=3, ready=True, due=lambda: None)
    work, idle = asyncio.Event(), asyncio.Event()
    idle.set()
    clock = Clock(lambda: now[0], lambda: 0)
    lane = SimpleNamespace(
        partitions={3: owned}, live=True, work=work, idle=idle, changelog=marks, pulse=Pulse(), clock=clock
    )
    return cast("Lane", lane)


async def turned(running: Executor, lane: Lane) -> None:
    """A turn, and what it began."""
    await running.turn()
    await asyncio.sleep(0)
    await lane.idle.wait()


async def test_a_partition_without_a_write_gets_a_mark_even_if_cuts_come_all_the_time() -> None:
    now = [1_000.0]
    marks = Marks()
    lane = lane_of(marks, now)
    running = Executor(lane)
    for _ in range(4):
        lane.work.set()
        now[0] += LOOK_EVERY + 1
        await turned(running, lane)
    assert marks.marked == [], "it was not idle for long enough"
    now[0] += MARK_AFTER
    lane.work.set()
    await turned(running, lane)
    assert marks.marked == [3]
    now[0] += LOOK_EVERY + 1
    lane.work.set()
    await turned(running, lane)
    assert marks.marked == [3], "one mark, then quiet again"
    assert lane.idle.is_set()


async def test_nothing_is_marked_while_partitions_move() -> None:
    now = [1_000.0]
    marks = Marks()
    lane = lane_of(marks, now)
    lane.live = False
    running = Executor(lane)
    for _ in range(3):
        now[0] += MARK_AFTER + 1
        lane.work.set()
        await turned(running, lane)
    assert marks.marked == []


class Fenced(Marks):
    """A changelog whose lease ran out while partitions moved."""

    async def mark(self, owned: Any) -> None:  # noqa: ANN401 - a stand-in
        await super().mark(owned)
        raise LeaseExpiredError("no contact")


async def test_what_the_lease_forbids_is_given_up_and_the_rebalance_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [1_000.0]
    marks = Fenced()
    lane = lane_of(marks, now)
    running = Executor(lane)
    for _ in range(2):
        lane.work.set()
        now[0] += MARK_AFTER + LOOK_EVERY
        await turned(running, lane)
    assert marks.marked == [3]
    assert "cut given up, its next owner carries it out" in caplog.text
    assert lane.idle.is_set(), "whoever waits for the cut in hand goes on"
