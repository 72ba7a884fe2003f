"""One cut is found from the end of control backwards, without reading it all, and never a void one."""

from typing import TYPE_CHECKING, cast

from agents.lane import finding
from agents.lane.finding import FoundCut, find_cut
from agents.lane.pulse import Pulse
from streams.wire.control import Cut, encode
from tests.support.topics import Record

if TYPE_CHECKING:
    from agents.lane.reader import LogReader

A = "t.events.app.v1"


def cut(offset: int, n: int, *, epoch: int = 3, shift: int = 0) -> Record:
    end = n * 10 + shift
    value = encode(Cut(epoch=epoch, n=n, at=n, from_={A: end - 10}, ends={A: end}))
    return Record("t.control.v1", 0, offset, 0, b"cut", value, [])


class Control:
    """Stands in for the reader: makes records when they are asked for, and counts them."""

    def __init__(self, *strange: Record, first: int = 0) -> None:
        self._strange = {record.offset: record for record in strange}
        self._first = first
        self.most = self.asked = self.times = 0

    async def read(self, _topic: str, ranges: dict[int, tuple[int, int]]) -> dict[int, list[Record]]:
        start, end = ranges[0]
        self.times += 1
        self.asked += end - start
        self.most = max(self.most, end - start)
        return {0: [self._strange.get(at) or cut(at, at + 1) for at in range(max(start, self._first), end)]}


async def look(control: Control, end: int, n: int, first: int = 0) -> tuple[FoundCut, int]:
    pulse = Pulse()
    found = await find_cut(cast("LogReader", control), "t.control.v1", 0, first, end, n, pulse.stepped)
    return found, pulse.steps


async def test_what_is_near_the_end_is_found_in_one_window() -> None:
    control = Control()
    found, steps = await look(control, 1_800_000, 1_799_990)
    assert (found.offset, found.base and found.base.n) == (1_799_989, 1_799_990)
    assert (control.asked, control.times, steps) == (finding.WINDOW, 1, 1)


async def test_what_is_farther_back_is_found_in_pieces_with_progress_after_each() -> None:
    control = Control()
    found, steps = await look(control, 90_000, 60_000)
    assert found.offset == 59_999
    assert control.most == finding.PIECE
    assert steps == control.times
    assert control.asked < 90_000


async def test_a_window_that_begins_with_it_is_not_trusted() -> None:
    """Nothing tells a void cut at the beginning of a window from a valid one."""
    end = 10_000
    first_of_window = end - finding.WINDOW
    zombie = cut(first_of_window, first_of_window, epoch=2, shift=7)  # of the number of the cut before it
    control = Control(zombie, *(cut(at, at) for at in range(first_of_window + 1, end)))
    found, _ = await look(control, end, first_of_window)
    assert (found.offset, found.base and found.base.epoch) == (first_of_window - 1, 3)


async def test_a_window_that_begins_with_a_fenced_owners_cuts_is_not_trusted() -> None:
    end = 10_000
    start = end - finding.WINDOW
    zombies = [cut(start + i, 5_000 + i, epoch=2, shift=7) for i in range(2)]
    control = Control(*zombies, *(cut(at, at - 1) for at in range(start + 2, end)))
    found, _ = await look(control, end, 5_001)
    assert (found.offset, found.base and found.base.epoch) == (5_000, 3)


async def test_what_control_does_not_hold_is_not_found() -> None:
    found, _ = await look(Control(first=20), 30, 5, first=20)
    assert found == FoundCut(-1, None, any=True)
    found, _ = await look(Control(), 0, 5)
    assert found == FoundCut(-1, None, any=False)
