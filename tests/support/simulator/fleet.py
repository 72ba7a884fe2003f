"""All workers of a schedule, and the supervisor that starts another one when one has ended."""

from collections import Counter

from .worker import Worker
from .world import World

MOST = 4
"""Workers at a time."""


class Fleet:
    """The workers.

    Args:
        world: Where they live.

    Attributes:
        wanted: As many are kept alive; none is started while it is 0.
        workers: All that ever were.
        exits: How they ended, by code.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.wanted = world.setting.workers
        self.workers: list[Worker] = []
        self.exits: Counter[str] = Counter()

    @property
    def alive(self) -> list[Worker]:
        """Those that have not ended, frozen ones too."""
        return [worker for worker in self.workers if worker.exit is None]

    def awake(self) -> Worker | None:
        """One of those that run, by chance."""
        found = [worker for worker in self.alive if not worker.process.frozen]
        return self._world.random.choice(found) if found else None

    def start(self) -> None:
        """Start one more, unless there are enough for any schedule."""
        if len(self.alive) < MOST:
            name = f"w{len(self.workers) + 1}"
            self._world.note(f"{name} starts")
            self.workers.append(Worker(self._world, name, self._ended))

    def ended_badly(self) -> list[str]:
        """Those that ended as none may, in words."""
        return [f"{worker.name} ended with {worker.exit}" for worker in self.workers if not worker.expected]

    def _ended(self, worker: Worker) -> None:
        assert worker.exit is not None
        self.exits[f"exit {worker.exit[0]}"] += 1
        self._world.later(self._world.random.uniform(0.05, 1.5), self._replace)

    def _replace(self) -> None:
        if len(self.alive) < self.wanted:
            self.start()
