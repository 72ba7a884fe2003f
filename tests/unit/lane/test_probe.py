"""What stands still is held against what the brokers answer about it, not about everything."""

import asyncio
from collections.abc import Sequence

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaConnectionError, TopicAuthorizationFailedError

from agents.lane import probe
from agents.lane.probe import Probe
from agents.lane.pulse import LOOP_BLOCKED
from streams.topics import catalogue

APP, WEB = catalogue("t", 2).inputs[:2]
FETCH = "no fetch of {} {} was answered for 46 s"
CUT = "a cut of partition {} waits or is under way, no part of it done for 46 s"
LOOP = f"{LOOP_BLOCKED} for 46 s"
TURN = "no turn of the loop that reads for 46 s"


class Brokers:
    """Stand in for a client and all that it talks to.

    Attributes:
        leaderless: Places of which nobody answers.
        refused: Raised by everything.
        away: Whether nobody is there at all.
    """

    def __init__(self) -> None:
        self.leaderless: set[TopicPartition] = set()
        self.refused: tuple[Exception, Exception] | None = None
        self.away = False

    async def start(self) -> None:
        if self.away:
            raise KafkaConnectionError

    async def stop(self) -> None: ...

    async def committed(self, _place: TopicPartition) -> None:
        if self.refused:
            raise self.refused[0]

    async def end_offsets(self, places: Sequence[TopicPartition]) -> None:
        if self.refused:
            raise self.refused[1]
        if self.leaderless.intersection(places):
            await asyncio.Event().wait()


@pytest.fixture
def brokers(monkeypatch: pytest.MonkeyPatch) -> Brokers:
    made = Brokers()
    monkeypatch.setattr(probe, "AIOKafkaConsumer", lambda **_: made)
    monkeypatch.setattr(probe, "PATIENCE", 0.2)
    return made


def could_move(*standing: str) -> list[str]:
    return Probe({}, "t-detect", [APP, WEB])(standing)


@pytest.mark.usefixtures("brokers")
def test_where_all_answer_everything_could_move() -> None:
    standing = [LOOP, TURN, CUT.format(0), FETCH.format(APP.name, 1)]
    assert could_move(*standing) == standing


def test_a_partition_without_a_leader_excuses_only_what_waits_for_it(brokers: Brokers) -> None:
    brokers.leaderless = {TopicPartition(WEB.name, 1)}
    excused = [TURN, CUT.format(1), FETCH.format(WEB.name, 1)]
    others = [LOOP, CUT.format(0), FETCH.format(APP.name, 1), FETCH.format(WEB.name, 0)]
    assert could_move(*excused, *others) == others


def test_a_right_that_was_taken_away_is_no_outage(brokers: Brokers) -> None:
    brokers.refused = GroupAuthorizationFailedError(), TopicAuthorizationFailedError()
    assert could_move(TURN) == [TURN]


def test_while_nobody_is_there_nothing_could_move(brokers: Brokers) -> None:
    brokers.away = True
    assert could_move(LOOP, TURN) == []
