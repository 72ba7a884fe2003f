"""What leaves of a cut whose owner is fenced, or loses its lease, or its partition, on the way."""

import asyncio
from typing import Any

import pytest
from faust.types import TP

from agents.lane.changelog import JUDGED_WITHIN
from agents.lane.cuts import FencedError
from agents.lane.executor import Executor
from agents.lane.fence import LeaseExpiredError
from agents.lane.lane import Lane
from tests.support.toy_core import ToyPartition

from .carrying import CHANGELOG, CONTROL, TOPICS, Producer, bring, fence, owning, partition


class Ends:
    """Notes why the process ends."""

    def __init__(self) -> None:
        self.reasons: list[BaseException] = []
        self.came = asyncio.Event()

    def __call__(self, reason: BaseException, _doing: str) -> None:
        self.reasons.append(reason)
        self.came.set()


async def settle(lane: Lane) -> None:
    """Let everything run that can."""
    for _ in range(50):
        await asyncio.sleep(0)
        if lane.idle.is_set():
            return


def portions(producer: Producer) -> int:
    return sum(topic == CHANGELOG for topic, _ in producer.sent)


def commits(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the consumer commits from here on."""
    found: list[Any] = []

    async def commit(_self: object, offsets: Any, _new: bool) -> bool:  # noqa: ANN401, FBT001 - Faust's
        found.append(offsets)
        return True

    lane.consumer._committed_offset = dict.fromkeys((TP(CONTROL, 0), *map(_place, TOPICS.inputs)), 0)
    monkeypatch.setattr("faust.transport.consumer.Consumer._commit_offsets", commit)
    return found


def _place(topic: Any) -> TP:  # noqa: ANN401 - a topic of the catalogue
    return TP(topic.name, 0)


async def test_a_cut_is_sent_portion_by_portion_and_can_be_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    lane, producer = owning(Ends())
    bring(lane, cuts=2)
    running, committed = Executor(lane), commits(lane, monkeypatch)
    await running.turn()
    await settle(lane)
    assert portions(producer) == 6
    assert lane.partitions[0].executed == 2
    assert await lane.consumer._commit_offsets(dict(lane.consumer.done))
    assert committed[0][TP(CONTROL, 0)] == 2


async def test_whoever_is_fenced_sends_nothing_more_and_commits_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It looks up who fenced it before it ends, which takes time: that time is no time to go on in."""
    ends, asked = Ends(), asyncio.Event()
    lane, producer = owning(ends)

    async def read(*_: object) -> None:
        await asked.wait()
        raise OSError

    monkeypatch.setattr(lane.reader, "read", read)
    bring(lane, cuts=2)
    producer.before = lambda _topic: fence(lane) if portions(producer) == 1 else None
    running, committed = Executor(lane), commits(lane, monkeypatch)
    lane.consumer.done[TP(CONTROL, 0)] = 1  # an earlier cut that was finished
    await running.turn()
    await settle(lane)
    before = len(producer.sent)
    for _ in range(100):
        await asyncio.sleep(0)
    assert portions(producer) == 2, "the one in which the fence came, and none behind it"
    assert len(producer.sent) == before
    assert not await lane.consumer._commit_offsets(dict(lane.consumer.done))
    assert committed == []
    assert not ends.reasons, "it is still being looked up"
    asked.set()
    await asyncio.wait_for(ends.came.wait(), JUDGED_WITHIN)
    assert isinstance(ends.reasons[0], FencedError)
    assert list(running._busy) == [0], "whoever sends waits for the end"
    running._busy[0].cancel()


async def test_a_cut_given_up_between_two_portions_is_read_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ends = Ends()
    lane, producer = owning(ends)
    bring(lane, cuts=2)
    owned = lane.partitions[0]
    rows = lane.changelog.send

    async def send(*given: Any) -> Any:  # noqa: ANN401 - whatever the method takes
        if portions(producer) == 1:
            raise LeaseExpiredError("no contact")
        return await rows(*given)

    monkeypatch.setattr(lane.changelog, "send", send)
    running = Executor(lane)
    await running.turn()
    await settle(lane)
    assert portions(producer) == 1
    assert "cut given up" in caplog.text
    lane.work.set()
    await running.turn()
    await settle(lane)
    assert portions(producer) == 1, "nothing behind it is carried out"
    assert not owned.clean
    claim = owned.claim._replace(epoch=owned.contiguity.expected, committed=owned.committable)
    assert not owned.keeps(claim), "the next owner reads the changelog, be it the same process"
    owned.clean = True
    assert owned.keeps(claim), "that alone is why"
    assert not ends.reasons


@pytest.mark.parametrize("moved", ["the generation", "the partition"])
async def test_behind_a_cut_whose_partition_moved_no_other_is_carried_out(moved: str) -> None:
    lane, producer = owning(Ends())
    bring(lane, cuts=2)
    owned = lane.partitions[0]

    def move(_topic: str) -> None:
        if portions(producer) == 2 and moved == "the generation":
            lane.consumer.app.consumer_generation_id = 2
        elif portions(producer) == 2:
            lane.partitions[0] = partition(ToyPartition(0, TOPICS))

    producer.before = move
    running = Executor(lane)
    await running.turn()
    await settle(lane)
    assert portions(producer) == 3, "the cut in hand and no other"
    assert not owned.clean
    assert lane.consumer.done == {}, "the next owner carries it out again"
