"""What stands still, and for how long."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from agents.lane.cuts import ControlLog, WaitingTick
from agents.lane.inbox import Inbox
from agents.lane.proposing import Pace, Proposer
from agents.lane.pulse import Pulse, things
from agents.lane.status import WATCHDOG_TAKES, LaneStatus
from streams.topics import catalogue

if TYPE_CHECKING:
    from agents.lane.lane import Lane

LIMIT = 45.0
TOPICS = catalogue("t", 1)
NAMES = [topic.name for topic in TOPICS.inputs]


class Clock:
    """Handed in, and moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pulse(clock: Clock) -> Pulse:
    return Pulse(clock, LIMIT)


def test_what_moves_is_not_stuck_and_what_keeps_its_mark_is(clock: Clock, pulse: Pulse) -> None:
    for turn in range(100):
        pulse.look({"no turn": turn, "no commit": 5})
        assert pulse.stuck == ("no commit for 46 s" if turn == 46 else "")
        if turn == 46:
            break
        clock.now += 1
    pulse.look({"no turn": 99, "no commit": 6})
    assert pulse.stuck == ""


def test_what_is_not_expected_to_move_any_more_is_forgotten(clock: Clock, pulse: Pulse) -> None:
    pulse.look({"a cut": 1})
    clock.now += LIMIT
    pulse.look({})
    pulse.look({"a cut": 1})
    clock.now += LIMIT
    pulse.look({"a cut": 1})
    assert pulse.stuck == ""


def test_a_loop_that_does_not_look_any_more_is_blocked(clock: Clock, pulse: Pulse) -> None:
    pulse.look({"a cut": 1})
    clock.now += LIMIT + 1
    assert pulse.stuck == "the event loop has been blocked for 46 s"


def test_after_a_pause_everything_gets_its_time_again(clock: Clock, pulse: Pulse) -> None:
    pulse.look({"a cut": 1})
    clock.now += 10 * LIMIT
    pulse.fresh()
    assert pulse.stuck == ""
    clock.now += LIMIT - 1
    pulse.look({"a cut": 1})
    assert pulse.stuck == ""
    clock.now += 2
    pulse.look({"a cut": 1})
    assert pulse.stuck == "a cut for 46 s"


def lane_of(pulse: Pulse) -> SimpleNamespace:
    inbox = Inbox(dict.fromkeys(NAMES, 0), 100)
    owned = SimpleNamespace(
        number=0, executable=False, clean=True, steps=3, committable=7, inbox=inbox, needed=list,
        proposer=Proposer(5, Pace(0.02, 5_000)), log=ControlLog(5, 7),
    )  # fmt: skip
    owned.proposer.take_up(owned.log, dict.fromkeys(NAMES, 0))
    consumer = SimpleNamespace(last_answer=lambda _topic, _number: (123, 0), committed_of=lambda *_: 7)
    return SimpleNamespace(
        pulse=pulse, live=True, partitions={0: owned}, inputs=NAMES, catalogue=TOPICS, joined=True,
        paused=lambda: [(NAMES[0], 0)], consumer=consumer, external=False,
    )  # fmt: skip


def found(lane: SimpleNamespace) -> dict[str, object]:
    return dict(things(cast("Lane", lane)))


def test_an_idle_lane_must_turn_and_have_its_fetches_answered_except_where_it_is_full(pulse: Pulse) -> None:
    lane = lane_of(pulse)
    pulse.turned()
    expected = {f"no fetch of {topic} 0 was answered": 123 for topic in (*NAMES[1:], TOPICS.control.name)}
    assert found(lane) == {"no turn of the loop that reads": 1, **expected}


def test_a_cut_that_waits_or_is_in_hand_must_make_steps_and_what_is_done_must_be_committed(
    pulse: Pulse,
) -> None:
    lane = lane_of(pulse)
    lane.partitions[0].executable = True
    lane.partitions[0].committable = 8
    cut = "a cut of partition 0 waits or is under way, no part of it done"
    assert found(lane)[cut] == 3
    assert found(lane)["no commit of partition 0 was taken"] == 7
    lane.partitions[0].executable = False
    assert cut not in found(lane)
    lane.partitions[0].clean = False
    assert found(lane)[cut] == 3


UNNAMED = "records of partition 0 wait and no cut names them"
MISSING = "the records that a cut of partition 0 names do not come"


def test_records_that_wait_must_be_named_by_a_cut_and_a_cut_be_read_back(pulse: Pulse) -> None:
    lane = lane_of(pulse)
    owned = lane.partitions[0]
    assert UNNAMED not in found(lane)
    owned.inbox.reach(NAMES[0], 5)
    assert found(lane)[UNNAMED] == (7, 3)
    owned.log.reach(8)
    assert found(lane)[UNNAMED] == (8, 3), "control goes on"
    owned.steps += 1
    assert found(lane)[UNNAMED] == (8, 4), "a large cut is being carried out"
    assert owned.proposer.by_wall(owned.log, 1_000.0, owned.inbox.fetched, None) is not None
    assert owned.proposer.waiting(owned.inbox.fetched) == 0
    assert UNNAMED in found(lane), "it was written, and has not been read back"
    owned.proposer.settled(owned.log, valid=True)
    assert UNNAMED not in found(lane)


def test_with_ticks_records_may_wait_and_a_cut_may_not(pulse: Pulse) -> None:
    lane = lane_of(pulse)
    lane.external = True
    owned = lane.partitions[0]
    owned.inbox.reach(NAMES[0], 5)
    assert UNNAMED not in found(lane)
    owned.proposer.by_tick(1_000.0, WaitingTick(7, 1), owned.inbox.fetched)
    assert UNNAMED in found(lane)


def test_the_records_of_a_cut_or_a_tick_must_come(pulse: Pulse) -> None:
    lane = lane_of(pulse)
    owned = lane.partitions[0]
    owned.needed = lambda: [{NAMES[0]: 9}]
    assert found(lane)[MISSING] == 0
    owned.inbox.reach(NAMES[0], 5)
    assert found(lane)[MISSING] == 5
    owned.executable = True
    assert MISSING not in found(lane)


def test_a_lane_that_joins_or_recovers_must_make_steps_and_nothing_else(pulse: Pulse) -> None:
    lane = lane_of(pulse)
    lane.live = False
    assert found(lane) == {"no progress in joining the group, reading the changelog or stopping": 0}


def test_livez_says_no_where_the_watchdog_should_have_acted(clock: Clock, pulse: Pulse) -> None:
    lane = lane_of(pulse)
    status = LaneStatus(cast("Lane", lane))
    pulse.look({"a cut": 1})
    clock.now += LIMIT + WATCHDOG_TAKES
    pulse.look({"a cut": 1})
    assert status.alive
    clock.now += 1
    pulse.look({"a cut": 1})
    assert not status.alive
    assert status.reason == "a cut for 61 s"
