"""Tells the population role what this worker's partitions know of everybody (wire.md, ``population.v1``).

It is told beside the cuts, not in them: each record says all of its partition and replaces the one before, so
nothing is lost that the next one does not bring, and no decision depends on when it is read.
"""

import asyncio
from typing import Final

from .lane import Lane
from .recurring import Recurring
from .sending import NO_HEADERS, Line, acknowledged

EVERY: Final = 1.0
"""Seconds between two looks; how often there is something to tell is the core's business."""


class Reporter(Recurring):
    """Tells until it is stopped.

    Args:
        lane: whose partitions tell.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.tell()
            except Exception as error:  # noqa: BLE001 - nobody would notice that nobody tells any more
                if self._lane.live:  # else partitions move: whoever owns them next tells
                    self._lane.end(error, "telling the population role")

    async def tell(self) -> None:
        """Tell what there is to be told."""
        lane = self._lane
        if not lane.live or lane.lease.over:
            return
        lines: list[Line] = [
            (str(owned.number).encode(), report, NO_HEADERS)
            for owned in list(lane.partitions.values())
            if owned.ready
            for report in owned.core.reports()
        ]
        if lines:
            await acknowledged(await lane.sender.send(lane.catalogue.population.name, 0, lines))
