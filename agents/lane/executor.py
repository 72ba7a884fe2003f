"""Carrying cuts out, in rounds over all partitions: rows acknowledged, then effects, then offsets."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from .lane import Lane
from .partition import OwnedPartition, Plan
from .sending import Line, Sent, acknowledged

LOOK_EVERY = 5.0
"""Seconds after which an idle executor looks whether a mark is due."""

MARK_AFTER = 30.0
"""Seconds without a changelog write after which a mark is appended: a zombie's rows are found in time."""


class Executor:
    """The task that executes cuts.

    Args:
        lane: The partitions.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._now = lane.clock.monotonic
        self._task: asyncio.Task[None] | None = None
        self._written: dict[int, float] = {}
        self._looked = self._now()

    def start(self) -> None:
        """Start once."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop between two rounds: the lane was halted before."""
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
        """Wait for work, carry out all there is, and mark what was idle."""
        lane = self._lane
        with suppress(TimeoutError):
            await asyncio.wait_for(lane.work.wait(), LOOK_EVERY)
        lane.work.clear()
        while lane.live and (
            todo := [owned for owned in lane.partitions.values() if self._executable(owned)]
        ):
            await self._guarded(todo)
            await asyncio.sleep(0)
        if self._now() - self._looked > LOOK_EVERY:  # timed cuts come all the time, and may write no row
            self._looked = self._now()
            await self._guarded([])

    def _executable(self, owned: OwnedPartition) -> bool:
        return owned.ready and owned.due() is not None

    async def _guarded(self, todo: Sequence[OwnedPartition]) -> None:
        """One round; any failure ends the process, since nothing may be committed past it."""
        if not self._lane.live:
            return
        self._lane.idle.clear()
        try:
            await (self._round(todo) if todo else self._mark())
        except Exception as error:  # noqa: BLE001 - fail-stop: nothing may be built on a failure
            self._lane.end(error, "executing cuts")
        finally:
            self._lane.pulse.finished()
            self._lane.idle.set()

    async def _round(self, todo: Sequence[OwnedPartition]) -> None:
        lane = self._lane
        generation = lane.consumer.app.consumer_generation_id
        began = self._now()
        plans = [plan for owned in todo if (plan := self._execute(owned)) is not None]
        rows, rejects = await self._send_state(plans)
        for plan, sent in rows:
            await lane.changelog.settle(plan.owned, sent)
            self._written[plan.owned.number] = self._now()
        await acknowledged(rejects)
        effects: list[Sent] = []
        for plan in plans:
            effects += await lane.send_effects(plan.owned.number, plan.done.effects)
        await acknowledged(effects)
        seconds = self._now() - began
        for plan in plans:
            lane.meter.executed(plan.done, seconds)
        if generation != lane.consumer.app.consumer_generation_id:
            return  # partitions may have moved: commit nothing, the next owner executes these cuts again
        for plan in plans:
            plan.owned.finished(plan.cut)
            lane.consumer.finished(plan.owned.number, plan.cut.ends, plan.owned.committable)
        over = [plan.owned.over_limit(plan, lane.catalogue.rejects.name) for plan in plans]
        for error in filter(None, over):
            lane.live = False
            await lane.consumer.commit_finished()  # else a restart would stop at the same cut again
            raise error

    def _execute(self, owned: OwnedPartition) -> Plan | None:
        cut = owned.due()
        if cut is None:
            return None
        self._lane.policies.look(owned.number, owned.core.facts)
        began = self._now()
        plan = owned.execute(cut)
        self._lane.meter.stalled(self._now() - began)
        return plan

    async def _send_state(self, plans: Sequence[Plan]) -> tuple[list[tuple[Plan, list[Sent]]], list[Sent]]:
        lane = self._lane
        rows: list[tuple[Plan, list[Sent]]] = []
        rejects: list[Sent] = []
        for plan in plans:
            if plan.done.rows:
                rows.append((plan, await lane.changelog.send(plan.owned, plan.done.rows)))
            if plan.done.rejects:
                lines: list[Line] = [
                    (reject.key, reject.value, reject.headers) for reject in plan.done.rejects
                ]
                rejects += await lane.sender.send(lane.catalogue.rejects.name, plan.owned.number, lines)
        return rows, rejects

    async def _mark(self) -> None:
        """Append a mark where nothing was written for a while."""
        now = self._now()
        for owned in list(self._lane.partitions.values()):
            if owned.ready and now - self._written.setdefault(owned.number, now) > MARK_AFTER:
                await self._lane.changelog.mark(owned)
                self._written[owned.number] = self._now()
