"""Whoever waits for a recovery is told how far it is, and not too often."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from agents.lane import progress
from agents.lane.clock import Clock
from agents.lane.progress import TELL_EVERY, RecoveryProgress
from agents.lane.pulse import Pulse
from agents.lane.status import LaneStatus

if TYPE_CHECKING:
    from agents.lane.lane import Lane


class Lines:
    """Stands in for the log."""

    def __init__(self) -> None:
        self.said: list[dict[str, int]] = []

    def info(self, event: str, **fields: int) -> None:
        assert event == "reading the changelog"
        self.said.append(fields)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    found = Lines()
    monkeypatch.setattr(progress, "log", found)
    return found


def test_a_long_recovery_says_now_and_then_how_much_is_left_and_how_long_it_takes(lines: Lines) -> None:
    now = [100.0]
    reading = RecoveryProgress(Clock(lambda: now[0], lambda: 0))
    reading.begin({0: 50_000, 1: 50_000})
    assert reading.words == "reading the changelog"
    reading.read(0, 10_000, 40_000)
    assert lines.said == []
    now[0] += TELL_EVERY
    reading.read(1, 10_000, 30_000)
    reading.read(1, 10, 29_990)
    assert lines.said == [{"records": 20_000, "left": 70_000, "seconds_left": 18}]
    assert reading.words.startswith(
        "reading the changelog: 20,010 records read, at most 69,990 left, about 17 s"
    )


def test_what_comes_after_the_reading_is_said_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    now, said = [100.0], list[str]()
    monkeypatch.setattr(progress, "log", SimpleNamespace(info=said.append))
    reading = RecoveryProgress(Clock(lambda: now[0], lambda: 0))
    reading.begin({0: 10})
    reading.doing("deriving deadlines")
    assert reading.words == "deriving deadlines"
    assert said == []
    now[0] += TELL_EVERY
    reading.doing("deriving deadlines")
    reading.doing("deriving deadlines")
    assert said == ["deriving deadlines"]
    reading.begin({0: 10})
    assert reading.words == "reading the changelog"


def test_a_second_recovery_counts_anew(lines: Lines) -> None:
    reading = RecoveryProgress()
    reading.begin({0: 10})
    reading.read(0, 10, 0)
    reading.begin({1: 20})
    assert reading.words == "reading the changelog"
    assert lines.said == []


@pytest.mark.parametrize(
    ("ready", "claiming", "joined", "reason"),
    [
        (False, False, False, "reading the changelog: 5 records read, at most 5 left"),
        (False, True, False, "joining the group"),
        (True, False, True, "partitions are moving"),
    ],
)
def test_readyz_says_what_is_waited_for(ready: bool, claiming: bool, joined: bool, reason: str) -> None:  # noqa: FBT001
    reading = RecoveryProgress()
    reading.begin({0: 10})
    reading.read(0, 5, 5)
    owned = SimpleNamespace(ready=ready, proposing=False)
    lane = SimpleNamespace(
        live=False,
        joined=joined,
        claiming=claiming,
        partitions={0: owned},
        progress=reading,
        pulse=Pulse(),
    )
    assert LaneStatus(cast("Lane", lane)).reason.startswith(reason)
