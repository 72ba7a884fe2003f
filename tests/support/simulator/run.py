"""One schedule: drawn from its seed, played, judged."""

import asyncio
import gc
import hashlib
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from unittest import mock
from warnings import catch_warnings, simplefilter

from .fleet import Fleet
from .judge import judge
from .loop import StandstillError
from .network import Weather
from .setting import draw
from .shop import Shop
from .storm import Storm
from .world import World

LONGEST = 60.0
"""Virtual seconds within which all must settle once the faults are over."""

LATEST = 3.5
"""Virtual seconds after which no request is under way any more."""


@dataclass
class Outcome:
    """What a schedule came to.

    Attributes:
        seed: It gives the same schedule again.
        findings: What is not as it must be; empty if all is well.
        fingerprint: Of everything that happened and stood on the topics.
        trace: What happened, in order.
        counts: What happened how often.
    """

    seed: int
    findings: list[str] = field(default_factory=list)
    fingerprint: str = ""
    trace: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def simulate(seed: int, **focus: Any) -> Outcome:
    """Play the schedule of a seed; ``focus`` sets fields of its `Setting` to what one is after."""
    random = Random(seed)
    world = World(random, replace(draw(random), **focus))
    with _undisturbed():
        return Schedule(world).play(seed)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No log lines or garbage collection; marks, audits and portions as often as a short schedule needs."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    gc.disable()
    marks = mock.patch.multiple("agents.lane.executor", LOOK_EVERY=0.5, MARK_AFTER=1.0)
    audits = mock.patch("agents.lane.auditor.EVERY", 1.0)
    portions = mock.patch("tests.support.toy_core.PORTION", 2)  # so that workers die between them
    try:
        with marks, audits, portions, catch_warnings():
            simplefilter("ignore", RuntimeWarning)  # a killed process leaves coroutines that nobody awaits
            yield
    finally:
        gc.enable()
        logging.disable(before)


class Schedule:
    """One schedule.

    Args:
        world: Where it is played.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.fleet = Fleet(world)
        self._shop = Shop(world)
        self._storm = Storm(world, self.fleet, self._shop)
        self._findings: list[str] = []

    def play(self, seed: int) -> Outcome:
        """Play it, and judge."""
        world = self.world
        try:
            world.loop.run_until_complete(self._course())
        except StandstillError:
            self._findings.append("everything stands still")
        finally:
            world.loop.close()
        self._findings += [*self.fleet.ended_badly(), *world.loop.unhandled, *judge(world)]
        counts = self.fleet.exits + self._storm.counts + Counter(steps=world.loop.steps)
        return Outcome(seed, self._findings, self._fingerprint(), world.trace, counts)

    async def _course(self) -> None:
        """Faults and load; then calm, and one worker that knows nothing takes over from all others."""
        world = self.world
        group = asyncio.ensure_future(world.coordinate())
        outside = [asyncio.ensure_future(work) for work in (self._shop.open(), self._storm.rage())]
        world.network.weather = world.setting.weather
        for _ in range(world.setting.workers):
            self.fleet.start()
        await asyncio.sleep(world.setting.seconds)
        for task in outside:
            task.cancel()
        world.network.weather = Weather()
        for worker in self.fleet.alive:
            worker.wake()
        self._shop.tick()
        await asyncio.sleep(world.random.uniform(0, 1.5))
        await self._hand_over()
        if await self._settled():
            self._shop.everybody()
            await asyncio.sleep(0.01)
            self._shop.tick()
            if await self._settled():
                await self._end()
        group.cancel()

    async def _hand_over(self) -> None:
        """All die, and what is under way arrives, before the last worker starts."""
        self.fleet.wanted = 0
        for worker in self.fleet.alive:
            worker.kill()
        await asyncio.sleep(LATEST)
        self.fleet.wanted = 1
        self.fleet.start()
        self._shop.tick()

    async def _settled(self) -> bool:
        """Whether all inputs are committed up to their ends before long."""
        until = self.world.loop.time() + LONGEST
        while behind := self._behind():
            if self.world.loop.time() > until:
                self._findings.append(f"not settled after {LONGEST:.0f} s: {behind}")
                return False
            await asyncio.sleep(0.2)
        return True

    def _behind(self) -> list[str]:
        broker = self.world.broker
        return [
            f"{topic.name} {number}: {done} of {end}"
            for topic in self.world.topics.inputs
            for number in range(self.world.setting.partitions)
            if (done := broker.committed.get((topic.name, number), 0))
            < (end := broker.log(topic.name, number).end)
        ]

    async def _end(self) -> None:
        """The last worker leaves, which commits all that it has carried out."""
        self.fleet.wanted = 0
        for worker in self.fleet.alive:
            worker.leave()
        await asyncio.sleep(LATEST)
        self._findings += [f"{worker.name} does not leave" for worker in self.fleet.alive]

    def _fingerprint(self) -> str:
        found = hashlib.sha256("\n".join(self.world.trace).encode())
        for place, log in sorted(self.world.broker.logs.items()):
            found.update(repr((place, log.written)).encode())
        return found.hexdigest()
