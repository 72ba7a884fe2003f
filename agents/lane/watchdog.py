"""Ends a process that stands still although it could go on (reliability 6.7, F20).

It lives in a thread of its own, since what it watches may be what keeps the event loop. Before it ends
anything it asks the brokers: while they do not answer nothing can move, and that is waited out. A process
that was itself paused (stopped, or starved of processor time) gets a fresh start. Otherwise it writes down
what every thread and task is doing, and ends with 70: a supervisor starts a new one, and other workers
take the partitions over meanwhile.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Self

from ..adapters.logs import get_logger
from ..errors import ExitCode, InfrastructureError
from . import probe
from .lane import Lane
from .pulse import things
from .stacks import stacks

log = get_logger("lane")

LOOK_EVERY: Final = 1.0
"""Seconds between two looks, of the event loop and of the thread."""

PAUSED: Final = 5.0
"""Seconds between two looks of the thread that say: the process was paused."""

DUMP_TAKES: Final = 4.0
"""Seconds after which the process ends even if its stacks could not be written (a held lock)."""

ACTS_WITHIN: Final = 2 * LOOK_EVERY + probe.PATIENCE + probe.STOPS_WITHIN + DUMP_TAKES
"""Seconds from standing still for too long to the end of the process, at most: with the limit of 45 s it
ends within 60 s (F20)."""


class StandstillError(InfrastructureError):
    """The worker stands still though it could go on (70)."""


class Watchdog:
    """Watches one lane from its start to its end.

    Args:
        lane: Which one.
        could_move: Of what stands still, that for which the brokers answer; asked from the thread, may take
            some seconds.
    """

    def __init__(self, lane: Lane, could_move: Callable[[Sequence[str]], Sequence[str]]) -> None:
        self._lane = lane
        self._could_move = could_move
        self._looked = lane.clock.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._beating: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> Self:
        """Begin; the event loop is the one that it is called in."""
        self._loop = asyncio.get_running_loop()
        self._beating = asyncio.create_task(self._beat())
        self._thread.start()
        return self

    async def stop(self) -> None:
        """End."""
        self._over.set()
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)

    async def _beat(self) -> None:
        try:
            while True:
                self._lane.pulse.look(things(self._lane))
                await asyncio.sleep(LOOK_EVERY)
        except Exception as error:  # noqa: BLE001 - as in the thread
            self._lane.end(error, "looking for progress")

    def _watch(self) -> None:
        try:
            self._looked = self._lane.clock.monotonic()
            while not self._over.wait(LOOK_EVERY):
                self.look()
                self._looked = self._lane.clock.monotonic()
        except Exception as error:  # noqa: BLE001 - a watchdog that died in silence would be worse than none
            self._lane.end(error, "watching for progress")

    def look(self) -> None:
        """Judge once."""
        pulse, now = self._lane.pulse, self._lane.clock.monotonic()
        if now - self._looked > PAUSED:
            pulse.fresh()
        self._looked = now
        standing = pulse.all_standing(pulse.limit)
        if not standing:
            return
        could = self._could_move(standing)
        if not could:
            log.warning("standing still while the brokers do not answer", what=standing[0])
            pulse.fresh()
        elif pulse.stuck:  # it may have moved while the brokers were asked
            self._end(could[0])

    def _end(self, what: str) -> None:
        last_resort = threading.Timer(DUMP_TAKES, os._exit, [ExitCode.INFRASTRUCTURE])
        last_resort.daemon = True
        last_resort.start()
        with suppress(Exception):
            log.critical("worker stands still", what=what, stacks=stacks(self._loop))
        self._lane.end(
            StandstillError(
                what, "the brokers answer: a fault in here; the line above says what it was doing"
            ),
            "watching for progress",
        )
