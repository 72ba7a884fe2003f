"""One schedule: drawn from its seed, played, judged."""

import asyncio
import gc
import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from dataclasses import replace as changed
from functools import partial
from random import Random
from typing import Any, TypeVarTuple, Unpack
from unittest import mock
from warnings import catch_warnings, simplefilter

from agents.lane.core import Core
from streams.topics import Catalogue, catalogue
from streams.wire import row
from streams.wire.control import PolicyFact, Tick, encode
from tests.support.toy_core import BAD, ToyPartition

from .broker import Broker, Line, nobody
from .group import Group
from .judge import judge
from .loop import Act, StandstillError, VirtualLoop
from .network import Network, Weather
from .storm import Setting, draw
from .worker import EPOCH_MS, Surroundings, Worker

Ts = TypeVarTuple("Ts")

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
        fingerprint: Of everything that stood on the topics.
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
    schedule = Schedule(seed, **focus)
    with _undisturbed():
        schedule.play()
    return schedule.outcome


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No log lines, no garbage collection in between, and marks as often as a short schedule needs."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    gc.disable()
    try:
        with mock.patch.multiple("agents.lane.executor", LOOK_EVERY=0.5, MARK_AFTER=1.0), catch_warnings():
            simplefilter("ignore", RuntimeWarning)  # a killed process leaves coroutines that nobody awaits
            yield
    finally:
        gc.enable()
        logging.disable(before)


def _topics(partitions: int) -> Catalogue:
    whole = catalogue("sim", partitions)
    return changed(whole, inputs=whole.inputs[:2])


class Schedule:
    """One schedule.

    Args:
        seed: Of everything.
        focus: Fields of its setting that are not left to chance.
    """

    def __init__(self, seed: int, **focus: Any) -> None:
        self.outcome = Outcome(seed)
        self._random = Random(seed)
        self.setting: Setting = changed(draw(self._random), **focus)
        self.topics = _topics(self.setting.partitions)
        self.loop = VirtualLoop(self._random)
        self.network = Network(self.loop, self._random)
        self.broker = Broker(self._wall_ms, self._trace)
        kafka = self.setting.settings.kafka
        self.group = Group(
            self.loop,
            self._random,
            self.broker,
            self.setting.partitions,
            kafka.session_timeout / 1000,
            kafka.rebalance_timeout / 1000,
            self._trace,
        )
        self._around = Surroundings(
            self.loop,
            self._random,
            self.network,
            self.broker,
            self.group,
            self.setting.settings,
            self.topics,
            self._core,
            self.setting.lease,
            self.setting.batch,
            self._trace,
        )
        self.workers: list[Worker] = []
        self._wanted = self.setting.workers
        self._supervised = True
        self._versions = 0

    def play(self) -> None:
        """Play it, and judge."""
        try:
            self.loop.run_until_complete(self._main())
        except StandstillError:
            self.outcome.findings.append("everything stands still")
        finally:
            self.outcome.findings += self._ended_badly()
            self.outcome.findings += judge(self.broker, self.topics, self._core)
            self.outcome.fingerprint = self._fingerprint()
            self.outcome.counts["steps"] = self.loop.steps
            self.loop.close()

    def _core(self, number: int) -> Core:
        return ToyPartition(number, self.topics)

    def _wall_ms(self) -> int:
        return EPOCH_MS + int(self.loop.time() * 1000)

    def _trace(self, what: str) -> None:
        self.outcome.trace.append(f"{self.loop.time():8.3f} {what}")

    # -- the course

    async def _main(self) -> None:
        random, setting = self._random, self.setting
        self.network.weather = setting.weather
        others = [asyncio.ensure_future(work) for work in (self._coordinate(), self._load(), self._storm())]
        for _ in range(setting.workers):
            self._start()
        await asyncio.sleep(setting.seconds)
        for task in others[1:]:
            task.cancel()
        self.network.weather = Weather()
        for worker in self._alive():
            worker.wake()
        self._tick()
        await asyncio.sleep(random.uniform(0, 1.5))
        await self._settle_with_one()
        others[0].cancel()

    async def _settle_with_one(self) -> None:
        """All die; what is under way arrives; one that knows nothing takes over."""
        self._supervised = False
        for worker in self._alive():
            worker.kill()
        await asyncio.sleep(LATEST)
        self._supervised = True
        self._wanted = 1
        self._start()
        self._tick()
        if not await self._settled():
            return
        for number in range(self.setting.customers):
            self._event(number)
        await asyncio.sleep(0.01)
        self._tick()
        if not await self._settled():
            return
        self._supervised = False
        last = self._alive()
        for worker in last:
            worker.leave()
        await asyncio.sleep(LATEST)
        self.outcome.findings += [f"{worker.name} does not leave" for worker in last if worker.exit is None]

    async def _settled(self) -> bool:
        until = self.loop.time() + LONGEST
        while not self._all_committed():
            if self.loop.time() > until:
                self.outcome.findings.append(f"not settled after {LONGEST:.0f} s: {self._behind()}")
                return False
            await asyncio.sleep(0.2)
        return True

    def _behind(self) -> list[str]:
        return [
            f"{topic.name} {number}: {self.broker.committed.get((topic.name, number))} of {end}"
            for topic in self.topics.inputs
            for number in range(self.setting.partitions)
            if self.broker.committed.get((topic.name, number), 0)
            < (end := self.broker.log(topic.name, number).end)
        ]

    def _all_committed(self) -> bool:
        return not self._behind()

    # -- workers

    def _alive(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.exit is None]

    def _start(self) -> None:
        name = f"w{len(self.workers) + 1}"
        self._trace(f"{name} starts")
        self.workers.append(Worker(self._around, name, self._ended))

    def _ended(self, worker: Worker) -> None:
        assert worker.exit is not None
        self.outcome.counts[f"exit {worker.exit[0]}"] += 1
        if self._supervised:
            self._later(self._random.uniform(0.05, 1.5), self._replace)

    def _replace(self) -> None:
        if self._supervised and len(self._alive()) < self._wanted:
            self._start()

    def _ended_badly(self) -> list[str]:
        return [
            f"{worker.name} ended with {worker.exit}" for worker in self.workers if not worker.expected
        ] + self.loop.unhandled

    # -- what goes on in the world

    async def _coordinate(self) -> None:
        while True:
            await asyncio.sleep(0.2)
            self.group.look()

    async def _load(self) -> None:
        random, ticked = self._random, 0.0
        while True:
            await asyncio.sleep(random.expovariate(self.setting.rate / 4))
            for _ in range(random.randint(1, 7)):
                self._event(random.randrange(self.setting.customers))
            if self.loop.time() > ticked:
                ticked = self.loop.time() + random.uniform(0.2, 1.0)
                self._tick(random.choice([0, 0, 0, -500]))

    def _event(self, customer: int) -> None:
        random = self._random
        topic = random.choice(self.topics.inputs).name
        value = BAD if random.random() < 0.03 else b"%d" % customer
        moment = (self._wall_ms() - random.randrange(800)) // 20 * 20
        number = customer % self.setting.partitions
        self.broker.append("shop", topic, number, [(moment, b"k%d" % customer, value, [])])

    def _tick(self, shift: int = 0) -> None:
        if self.setting.external:
            self._control(encode(Tick(at=self._wall_ms() + shift)))

    def _control(self, value: bytes) -> None:
        line: Line = (self._wall_ms(), b"fact", value, [])
        for number in range(self.setting.partitions):
            self.broker.append("operator", self.topics.control.name, number, [line])

    # -- faults

    async def _storm(self) -> None:
        random = self._random
        while True:
            await asyncio.sleep(random.expovariate(self.setting.fault_rate))
            fault = random.choice(self.setting.faults)
            self.outcome.counts[fault] += 1
            getattr(self, f"_{fault}")()

    def _any(self) -> Worker | None:
        alive = [worker for worker in self._alive() if not worker.process.frozen]
        return self._random.choice(alive) if alive else None

    def _kill(self) -> None:
        worker = self._any()
        if worker is not None:
            self._sometime(worker, worker.kill)

    def _freeze(self) -> None:
        """For less than a session: it comes back before anybody takes over."""
        worker, seconds = self._any(), self._random.uniform(0.05, 1.5)
        if worker is not None:
            self._sometime(worker, lambda: self._frozen(worker, seconds))

    def _zombie(self) -> None:
        """For so long that another has taken over and gone on."""
        worker = self._any()
        if worker is not None:
            self._sometime(worker, lambda: self._gone_for_long(worker))

    def _sometime(self, worker: Worker, act: Act) -> None:
        """After some of its steps, or just before it hands over rows, effects or a cut."""
        random, topics = self._random, self.topics
        aim = random.choice(
            [
                None,
                topics.changelog,
                topics.changelog,
                topics.control,
                topics.signals,
                topics.commands["email"],
            ]
        )
        if aim is None:
            worker.process.after(random.randint(1, 80), act)
        else:
            worker.producer.trap(aim.name, act)

    def _frozen(self, worker: Worker, seconds: float) -> None:
        worker.freeze()
        self._later(seconds, worker.wake)

    def _gone_for_long(self, worker: Worker) -> None:
        others = [other for other in self._alive() if other is not worker]
        if not others or any(other.process.frozen for other in others):
            return  # one at a time, and with somebody to take over
        worker.freeze()
        self._later(2.0, self._wake_when_overtaken, worker, self.loop.time() + 6.0)

    def _wake_when_overtaken(self, worker: Worker, latest: float) -> None:
        """Wake it; often whoever took over dies as soon as the zombie has written, and mends nothing."""
        if self.loop.time() < latest and not self._overtaken(worker):
            self._later(0.1, self._wake_when_overtaken, worker, latest)
            return
        if self._random.random() < 0.7:
            self.broker.watcher = partial(self._zombie_wrote, worker)
        self._later(self._random.uniform(0, 0.5), worker.wake)

    def _overtaken(self, zombie: Worker) -> bool:
        """Whether another owner has committed cuts that the zombie does not know."""
        mine = zombie.lane.partitions
        return any(
            owned.epoch > mine[number].epoch and owned.committed_cut > mine[number].executed + 1
            for worker in self._alive()
            if worker is not zombie
            for number, owned in worker.lane.partitions.items()
            if number in mine
        )

    def _later(self, seconds: float, act: Callable[[Unpack[Ts]], object], *args: *Ts) -> None:
        self.loop.call_later(seconds, act, *args, context=self.loop.world.context)

    def _zombie_wrote(self, zombie: Worker, who: str, topic: str) -> None:
        if who == zombie.name and topic == self.topics.changelog.name:
            self.broker.watcher = nobody
            for worker in self._alive():
                if worker is not zombie:
                    worker.process.after(self._random.choice([1, 2, 5, 20]), worker.kill)

    def _leave(self) -> None:
        worker = self._any()
        if worker is not None:
            worker.leave()

    def _join(self) -> None:
        if len(self._alive()) <= 3:
            self._start()

    def _compact(self) -> None:
        """As far as the owner knows that it was alone: the topics' lag is longer than that ever takes."""
        for worker in self._alive():
            for number, owned in worker.lane.partitions.items():
                log = self.broker.log(self.topics.changelog.name, number)
                newest = max((r.offset for r in log.written if r.key == row.MARKER), default=-1)
                idle = owned.ready and owned.clean and number not in worker.app.executor._busy
                if idle and owned.epoch == newest:
                    gone = log.compact(owned.contiguity.expected)
                    self._trace(f"compaction of changelog {number} removes {gone}")

    def _hole(self) -> None:
        topic = self._random.choice([*self.topics.inputs, self.topics.control, self.topics.changelog]).name
        number = self._random.randrange(self.setting.partitions)
        self.broker.log(topic, number).skip(self._random.randint(1, 3))
        self._trace(f"a hole in {topic} {number}")

    def _fact(self) -> None:
        self._versions += 1
        self._control(encode(PolicyFact(version=f"p{self._versions}", document={})))

    def _garbage(self) -> None:
        self._control(b"{")

    def _twins(self) -> None:
        self.group.twins = True

    def _fingerprint(self) -> str:
        found = hashlib.sha256()
        for place, log in sorted(self.broker.logs.items()):
            found.update(repr((place, log.written)).encode())
        found.update("\n".join(self.outcome.trace).encode())
        return found.hexdigest()
