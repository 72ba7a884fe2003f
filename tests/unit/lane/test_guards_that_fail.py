"""What looks now and then does not die in silence when a look fails in a way that nobody thought of."""

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from agents import topic_watch
from agents.lane import auditor
from agents.lane.auditor import Auditor
from agents.settings.model import Settings
from agents.topic_watch import TopicWatch
from streams.topics import catalogue

if TYPE_CHECKING:
    from agents.lane.lane import Lane

FAULT = KeyError("nobody thought of this")


class Lanes:
    """Stands in for the lane, and notes why it ends."""

    def __init__(self) -> None:
        self.joined = True
        self.ended: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    def end(self, reason: BaseException, _doing: str) -> None:
        if not self.ended.done():
            self.ended.set_result(reason)


async def test_a_fault_of_the_auditor_ends_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditor, "EVERY", 0)
    lane = SimpleNamespace(end=(lanes := Lanes()).end, inputs=[])  # no partitions to be looked at: a fault
    auditing = await Auditor(cast("Lane", lane)).start()
    reason = await asyncio.wait_for(lanes.ended, 10)
    await auditing.stop()
    assert isinstance(reason, AttributeError)


async def test_after_a_fault_the_topics_are_looked_at_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(topic_watch, "EVERY", 0)
    lanes, looks, twice = Lanes(), [0], asyncio.Event()

    async def look(_self: TopicWatch) -> None:
        looks[0] += 1
        if looks[0] > 1:
            twice.set()
        raise FAULT

    monkeypatch.setattr(TopicWatch, "look", look)
    watching = await TopicWatch(Settings(), catalogue("t", 1), cast("Lane", lanes)).start()
    await asyncio.wait_for(twice.wait(), 10)
    await watching.stop()
    assert not lanes.ended.done()
    assert "looking at the topics failed" in caplog.text
