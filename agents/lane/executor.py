"""Carrying cuts out: rows acknowledged, then effects, then offsets; each partition at its own pace.

A cut leaves portion by portion: a million customers who come due together, or a large backlog, keep neither
the event loop nor memory to themselves. What a portion holds may leave before the next one is made, since
each row carries its own outbox; offsets move when the last one has left.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from ..adapters.logs import get_logger
from .core import Executed
from .cuts import DueCut
from .fence import LeaseExpiredError
from .lane import Lane
from .partition import OwnedPartition
from .sending import Line, acknowledged

log = get_logger("lane")

LOOK_EVERY = 5.0
"""Seconds after which an idle executor looks whether a mark is due."""

MARK_AFTER = 30.0
"""Seconds without a changelog write after which a mark is appended: a zombie's rows are found in time."""


class Executor:
    """The tasks that execute cuts: one that looks for work, and one for each partition that has some.

    Args:
        lane: The partitions.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._now = lane.clock.monotonic
        self._task: asyncio.Task[None] | None = None
        self._busy: dict[int, asyncio.Task[None]] = {}
        self._written: dict[int, float] = {}
        self._looked = self._now()

    def start(self) -> None:
        """Start once."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop looking for work: the lane was halted before, so that nothing is in hand."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while True:
                await self.turn()
        except Exception as error:  # noqa: BLE001 - fail-stop: nothing may be built on a failure
            self._lane.end(error, "finding cuts to execute")

    async def turn(self) -> None:
        """Wait for work, give each partition that has some its task, and mark what was idle."""
        lane = self._lane
        with suppress(TimeoutError):
            await asyncio.wait_for(lane.work.wait(), LOOK_EVERY)
        lane.work.clear()
        now = self._now()
        look = now - self._looked > LOOK_EVERY  # timed cuts come all the time, and may write no row
        if look:
            self._looked = now
        for owned in list(lane.partitions.values()) if lane.live else ():
            if owned.number in self._busy or not owned.ready:
                continue
            if owned.due() is not None:
                self._begin(owned, self._carry_out_all(owned))
            elif look and now - self._written.setdefault(owned.number, now) > MARK_AFTER:
                self._begin(owned, self._mark(owned))

    def _begin(self, owned: OwnedPartition, work: Coroutine[Any, Any, None]) -> None:
        """Have a partition worked on; it is left alone until that is done."""
        self._lane.idle.clear()
        self._busy[owned.number] = asyncio.create_task(self._guarded(owned.number, work))

    async def _guarded(self, number: int, work: Coroutine[Any, Any, None]) -> None:
        """Any failure ends the process, since nothing may be committed past it."""
        try:
            await work
        except LeaseExpiredError as error:
            log.warning("cut given up, its next owner carries it out", partition=number, reason=str(error))
        except Exception as error:  # noqa: BLE001 - fail-stop: nothing may be built on a failure
            self._lane.end(error, "executing cuts")
        finally:
            del self._busy[number]
            if not self._busy:
                self._lane.idle.set()

    async def _carry_out_all(self, owned: OwnedPartition) -> None:
        """All cuts of a partition whose records are here, in order, up to one that is not finished."""
        while self._lane.live and self._holds(owned) and owned.clean and (cut := owned.due()) is not None:
            await self._carry_out(owned, cut)
            await asyncio.sleep(0)

    def _holds(self, owned: OwnedPartition) -> bool:
        """Whether this is still what the lane has of the partition."""
        return self._lane.partitions.get(owned.number) is owned

    async def _carry_out(self, owned: OwnedPartition, cut: DueCut) -> None:
        lane = self._lane
        generation = lane.consumer.app.consumer_generation_id
        lane.policies.look(owned.number, owned.core.facts)
        began = self._now()
        read, parts = 0, owned.execute(cut)
        while (part := self._next(parts)) is not None:
            await self._send(owned, part)
            lane.meter.left(part)
            read += sum(counts.read for counts in part.counts.values())
        lane.meter.executed(read, self._now() - began)
        if generation != lane.consumer.app.consumer_generation_id or not self._holds(owned):
            return  # partitions may have moved: commit nothing, the next owner executes this cut again
        owned.finished(cut)
        lane.consumer.finished(owned.number, cut.ends, owned.committable)
        error = owned.over_limit(cut, lane.catalogue.rejects.name)
        if error is not None:
            lane.live = False
            await lane.consumer.commit_finished()  # else a restart would stop at the same cut again
            raise error

    def _next(self, parts: Any) -> Executed | None:
        """The next portion, made while nothing else runs."""
        began = self._now()
        part: Executed | None = next(parts, None)
        self._lane.meter.stalled(self._now() - began)
        return part

    async def _send(self, owned: OwnedPartition, part: Executed) -> None:
        """Rows and rejects acknowledged, then the effects."""
        lane = self._lane
        rows = await lane.changelog.send(owned, part.rows) if part.rows else []
        lines: list[Line] = [(reject.key, reject.value, reject.headers) for reject in part.rejects]
        rejects = await lane.sender.send(lane.catalogue.rejects.name, owned.number, lines) if lines else []
        if rows:
            await lane.changelog.settle(owned, rows)
            self._written[owned.number] = self._now()
        await acknowledged(rejects)
        await acknowledged(await lane.send_effects(owned.number, part.effects))
        owned.steps += 1
        await asyncio.sleep(0)

    async def _mark(self, owned: OwnedPartition) -> None:
        """Append a mark where nothing was written for a while."""
        await self._lane.changelog.mark(owned)
        self._written[owned.number] = self._now()
