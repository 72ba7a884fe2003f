"""Faust's recovery sequence, with the claim in front and its end put in order (engine.md 2 and 3).

Faust decides which changelog partitions are read and when; we put the marker down before, apply the records
in the drain loop, and only when rows are repaired, inputs are sought and effects are sent again may records
flow.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any

from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.types import TP

from .lane import Lane


class LaneRecovery(Recovery):
    """Recovery of the customers table by the lane."""

    @property
    def lane(self) -> Lane:
        """The lane of the app."""
        lane: Lane = self.app.lane
        return lane

    async def _build_highwaters(self, consumer: Any, tps: set[TP], destination: Any, title: str) -> None:
        """Claim the partitions; the changelog is then read up to exactly our markers."""
        if title != "active":
            await super()._build_highwaters(consumer, tps, destination, title)
            return
        # Faust clears it in a loop that the lane bypasses: a second recovery would end before reading.
        self.signal_recovery_end.clear()
        kept = await self._guarded(self.lane.claim({tp.partition for tp in tps}), "claiming partitions")
        destination.clear()
        for tp in tps:
            epoch = self.lane.partitions[tp.partition].epoch
            destination[tp] = epoch
            self.active_offsets[tp] = epoch if kept[tp.partition] else None

    def end_if_read(self) -> None:
        """End the reading of changelogs when all are read up to exactly our markers."""
        if self.in_recovery and self.lane.is_read():
            self._set_recovery_ended()
            self.signal_recovery_end.set()

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        """Repair, seek, send again; then, and not before, let records flow."""
        app, consumer, lane = self.app, self.app.consumer, self.lane
        await app.on_rebalance_complete.send()
        self._set_recovery_ended()
        await asyncio.gather(
            *(
                table.on_recovery_completed(self.actives_for_table[table], self.standbys_for_table[table])
                for table in self.tables.values()
            )
        )
        if app.consumer_generation_id != generation_id:
            return
        assignment = consumer.assignment()
        await self._wait(
            self._guarded(self._finish({tp.partition for tp in self.active_tps}), "ending recovery")
        )
        if app.consumer_generation_id != generation_id or not lane.held:
            return  # Faust lets a recovery go on though its partitions were revoked meanwhile
        if not lane.joined:
            app.before_live()
        self.completed.set()
        app.flow_control.resume()  # clears Faust's queues while inputs are still paused
        consumer.resume_partitions({tp for tp in assignment if not self._is_changelog_tp(tp)})
        consumer.resume_flow()
        await app._fetcher.maybe_start()
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        app.on_rebalance_end()
        lane.go()
        await app.on_ready()

    async def _finish(self, numbers: set[int]) -> None:
        await self.lane.finish_recovery(numbers)
        await self.app.consumer.perform_seek()
        await self.lane.resend()

    async def _guarded(self, work: Awaitable[Any], doing: str) -> Any:
        """Await; any failure ends the process, since Faust would log it and wait for ever."""
        try:
            return await work
        except Exception as error:  # noqa: BLE001 - fail-stop: Faust would wait for ever
            self.lane.end(error, doing)


class LaneTables(TableManager):
    """Faust's table manager with our recovery."""

    @property
    def recovery(self) -> LaneRecovery:
        """The recovery service."""
        recovery: LaneRecovery | None = getattr(self, "_recovery", None)
        if recovery is None:
            recovery = self._recovery = LaneRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return recovery
