"""Stands for Faust's recovery around the lane's: when changelogs are read, what begins it anew."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

from faust.tables.recovery import Recovery
from faust.types import TP

from agents.lane.recovery import LaneRecovery


class RebalanceAgainError(Exception):
    """Another rebalance came while recovery was going on."""


class _FaustRecovery(Recovery):
    """What is Faust's of recovery: when changelogs are read, and that a new rebalance begins it anew."""

    def __init__(self, app: Any, tables: Any) -> None:
        self.app = app
        self.tables = tables
        self.active_tps: set[TP] = set()
        self.active_offsets: dict[TP, int | None] = {}
        self.actives_for_table: dict[object, object] = {}
        self.standbys_for_table: dict[object, object] = {}
        self._signal_recovery_start = asyncio.Event()
        self._signal_recovery_end = asyncio.Event()
        self.completed = asyncio.Event()
        self.in_recovery = False
        self._generation_id = 0

    def rebalanced(self, assigned: Iterable[TP], generation_id: int) -> None:
        """Partitions were assigned."""
        if generation_id != self.app.consumer_generation_id:
            return
        self.active_tps = {tp for tp in assigned if self._is_changelog_tp(tp)}
        kept = {tp: offset for tp, offset in self.active_offsets.items() if tp in self.active_tps}
        self.active_offsets.clear()
        self.active_offsets.update(kept)
        self._generation_id = generation_id
        self.signal_recovery_start.set()

    async def run(self) -> None:
        """Recover after each rebalance."""
        while True:
            await self.signal_recovery_start.wait()
            self.signal_recovery_start.clear()
            try:
                await self._recover(self._generation_id)
            except RebalanceAgainError:
                continue

    async def _recover(self, generation_id: int) -> None:
        consumer, changelogs = self.app.consumer, self.active_tps
        self.in_recovery = self.app.in_recovery = True
        highwaters: dict[TP, int] = {}
        await self._wait(self._build_highwaters(consumer, changelogs, highwaters, "active"))
        for tp in sorted(changelogs):
            offset = self.active_offsets.get(tp)
            consumer._kafka.seek(tp, 0 if offset is None else offset + 1)
        if self.signal_recovery_start.is_set():
            return
        if any(self.active_offsets.get(tp) != end for tp, end in highwaters.items()):
            consumer.resume_partitions(changelogs)
            consumer.resume_flow()
            await self.app._fetcher.maybe_start()
            await self._wait(self.signal_recovery_end.wait())
            consumer.pause_partitions(changelogs)
        else:
            consumer.resume_flow()
            self._set_recovery_ended()
        await self._wait(self.on_recovery_completed(generation_id))

    async def _wait(self, work: Coroutine[Any, Any, Any], timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 - Faust's
        task = asyncio.ensure_future(work)
        again = asyncio.ensure_future(self.signal_recovery_start.wait())
        try:
            await asyncio.wait({task, again}, return_when=asyncio.FIRST_COMPLETED)
            if again.done():
                raise RebalanceAgainError
            await task
        finally:
            task.cancel()
            again.cancel()

    def _set_recovery_ended(self) -> None:
        self.in_recovery = self.app.in_recovery = False

    def _is_changelog_tp(self, tp: TP) -> bool:
        return tp.topic in self.tables.changelog_topics


class SimRecovery(LaneRecovery, _FaustRecovery):
    """The lane's recovery over the simulated Faust."""
