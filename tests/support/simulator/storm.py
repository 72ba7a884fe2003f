"""The faults that come over a schedule."""

import asyncio
from collections import Counter
from functools import partial

from streams.wire import row

from .broker import nobody
from .fleet import Fleet
from .loop import Act
from .shop import Shop
from .worker import Worker
from .world import World

STEPS = 80
"""Of a worker's next steps, a fault that is not aimed comes after one."""

SESSION = 2.0
"""Seconds for which nobody takes over from a frozen worker."""

PATIENCE = 6.0
"""Seconds after which it wakes though nobody has."""


class Storm:
    """Draws faults, one after the other.

    Args:
        world: Over which they come.
        fleet: The workers that they befall.
        shop: Writes facts.

    Attributes:
        counts: Which came how often.
    """

    def __init__(self, world: World, fleet: Fleet, shop: Shop) -> None:
        self._world = world
        self._random = world.random
        self._fleet = fleet
        self.counts: Counter[str] = Counter()
        self._faults = {
            "kill": self._kill,
            "freeze": self._freeze,
            "zombie": self._zombie,
            "leave": self._leave,
            "join": fleet.start,
            "compact": self._compact,
            "hole": self._hole,
            "fact": shop.fact,
            "garbage": shop.garbage,
            "twins": self._twins,
        }

    async def rage(self) -> None:
        """Until it is cancelled."""
        setting = self._world.setting
        while True:
            await asyncio.sleep(self._random.expovariate(setting.fault_rate))
            fault = self._random.choice(setting.faults)
            self.counts[fault] += 1
            self._faults[fault]()

    # -- what befalls a worker

    def _sometime(self, worker: Worker, act: Act) -> None:
        """After some of its steps, or just before it hands over rows, effects or a cut."""
        topics = self._world.topics
        aims = (topics.changelog, topics.changelog, topics.control, topics.signals, topics.commands["email"])
        aim = self._random.choice([None, *aims])
        if aim is None:
            worker.process.after(self._random.randint(1, STEPS), act)
        else:
            worker.producer.trap(aim.name, act)

    def _kill(self) -> None:
        worker = self._fleet.awake()
        if worker is not None:
            self._sometime(worker, worker.kill)

    def _leave(self) -> None:
        worker = self._fleet.awake()
        if worker is not None:
            worker.leave()

    def _freeze(self) -> None:
        """For less than a session: it comes back before anybody takes over."""
        worker, seconds = self._fleet.awake(), self._random.uniform(0.05, 0.75 * SESSION)
        if worker is not None:
            self._sometime(worker, lambda: self._frozen(worker, seconds))

    def _frozen(self, worker: Worker, seconds: float) -> None:
        worker.freeze()
        self._world.later(seconds, worker.wake)

    # -- zombies

    def _zombie(self) -> None:
        """Frozen for so long that another has taken over and gone on."""
        worker = self._fleet.awake()
        if worker is not None:
            self._sometime(worker, lambda: self._gone_for_long(worker))

    def _gone_for_long(self, worker: Worker) -> None:
        others = [other for other in self._fleet.alive if other is not worker]
        if not others or any(other.process.frozen for other in others):
            return  # one at a time, and with somebody to take over
        worker.freeze()
        self._world.later(SESSION, self._wake_when_overtaken, worker, self._world.loop.time() + PATIENCE)

    def _wake_when_overtaken(self, worker: Worker, latest: float) -> None:
        """Wake it; often whoever took over dies as soon as the zombie has written, and mends nothing."""
        if self._world.loop.time() < latest and not self._overtaken(worker):
            self._world.later(0.1, self._wake_when_overtaken, worker, latest)
            return
        if self._random.random() < 0.7:
            self._world.broker.watcher = partial(self._zombie_wrote, worker)
        self._world.later(self._random.uniform(0, 0.5), worker.wake)

    def _overtaken(self, zombie: Worker) -> bool:
        """Whether another owner has committed cuts that the zombie does not know."""
        mine = zombie.lane.partitions
        return any(
            owned.epoch > mine[number].epoch and owned.committed_cut > mine[number].executed + 1
            for worker in self._fleet.alive
            if worker is not zombie
            for number, owned in worker.lane.partitions.items()
            if number in mine
        )

    def _zombie_wrote(self, zombie: Worker, who: str, topic: str) -> None:
        if who == zombie.name and topic == self._world.topics.changelog.name:
            self._world.broker.watcher = nobody
            for worker in self._fleet.alive:
                if worker is not zombie:
                    worker.process.after(self._random.choice([1, 2, 5, 20]), worker.kill)

    # -- what befalls the log and the group

    def _compact(self) -> None:
        """As far as the owner knows that it was alone: the topics' lag is longer than that ever takes."""
        for worker in self._fleet.alive:
            for number, owned in worker.lane.partitions.items():
                log = self._world.broker.log(self._world.topics.changelog.name, number)
                newest = max((r.offset for r in log.written if r.key == row.MARKER), default=-1)
                idle = owned.ready and owned.clean and number not in worker.app.executor._busy
                if idle and owned.epoch == newest:
                    gone = log.compact(owned.contiguity.expected)
                    self._world.note(f"compaction of changelog {number} removes {gone}")

    def _hole(self) -> None:
        topics = self._world.topics
        topic = self._random.choice([*topics.inputs, topics.control, topics.changelog]).name
        number = self._random.randrange(self._world.setting.partitions)
        self._world.broker.log(topic, number).skip(self._random.randint(1, 3))
        self._world.note(f"a hole in {topic} {number}")

    def _twins(self) -> None:
        self._world.group.twins = True
