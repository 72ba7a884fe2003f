"""Whoever leaves commits the last cut, also while the timer's commit of an earlier one is under way.

Found by the simulator (seed 178): asked to leave while a commit was under way, the worker only waited for
that one. Nothing was lost by it, but the next owner carried the last cut out again.
"""

import asyncio
from types import SimpleNamespace
from typing import Any

from faust.types import TP

from agents.lane.consumer import LaneConsumer

CONTROL = TP("holdfast.control.v1", 3)


class Consumer(LaneConsumer):
    """Commits into a list, and takes its time over the first."""

    def __init__(self) -> None:
        self.app = SimpleNamespace(client_only=False)
        self.lane = SimpleNamespace(halt=self._halt)  # type: ignore[assignment]
        self.done = {CONTROL: 7}
        self.loop = asyncio.get_running_loop()
        self.under_way = asyncio.Event()
        self.answered = asyncio.Event()
        self.committed: list[int] = []

    async def _halt(self) -> None:
        self.done[CONTROL] = 8  # the cut in hand was finished

    async def force_commit(self, *_: Any, **__: Any) -> bool:  # noqa: ANN401 - Faust's
        offset = self.done[CONTROL]
        self.under_way.set()
        await self.answered.wait()
        self.committed.append(offset)
        return True


async def test_the_last_cut_is_committed_though_a_commit_was_under_way() -> None:
    consumer = Consumer()
    timer = asyncio.create_task(consumer.commit())
    await consumer.under_way.wait()
    leaving = asyncio.create_task(consumer.wait_empty())
    await asyncio.sleep(0)
    consumer.answered.set()
    await asyncio.gather(timer, leaving)
    assert consumer.committed == [7, 8]
