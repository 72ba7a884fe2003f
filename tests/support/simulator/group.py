"""Stands for the group coordinator: members come, go, fall silent; each change makes a new generation."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from random import Random

from aiokafka.errors import CommitFailedError

from agents.settings.model import Kafka

from .broker import Broker
from .loop import VirtualLoop

Placed = Callable[[int, list[int]], None]
"""Told the generation and the partitions of a member that joined."""


class Beat(Enum):
    """The answer to a heartbeat."""

    STABLE = auto()
    REBALANCE = auto()
    UNKNOWN = auto()


@dataclass
class _Member:
    seen: float
    joined: Placed | None = None


class Group:
    """The coordinator.

    Args:
        loop: Whose time passes.
        random: Who gets which partitions.
        broker: Where commits go.
        partitions: How many there are.
        kafka: After which time a silent member is dropped, and one that does not join again.
        trace: Told of what happens.

    Attributes:
        generation: The newest.
        twins: Whether the next generation gives all partitions to one member though others have them too, as
            happens to two processes with one instance id (reliability 5).
    """

    def __init__(
        self,
        loop: VirtualLoop,
        random: Random,
        broker: Broker,
        partitions: int,
        kafka: Kafka,
        trace: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._random = random
        self._broker = broker
        self._partitions = partitions
        self._session = kafka.session_timeout / 1000
        self._rebalance = kafka.rebalance_timeout / 1000
        self._trace = trace
        self._members: dict[str, _Member] = {}
        self._moving_since: float | None = None
        self.generation = 0
        self.twins = False

    def join(self, name: str, placed: Placed) -> None:
        """A member joins, or joins again; it is told its place once all have."""
        self._members[name] = _Member(self._loop.time(), placed)
        self._move()
        self._settle()

    def leave(self, name: str) -> None:
        """A member leaves."""
        if self._members.pop(name, None) is not None:
            self._move()
            self._settle()

    def beat(self, name: str, generation: int) -> Beat:
        """A member shows life."""
        member = self._members.get(name)
        if member is None or generation != self.generation:
            return Beat.UNKNOWN
        member.seen = self._loop.time()
        return Beat.STABLE if self._moving_since is None else Beat.REBALANCE

    def commit(self, name: str, generation: int, offsets: dict[tuple[str, int], int]) -> None:
        """Commit for a member.

        Raises:
            CommitFailedError: it is none, or of another generation.
        """
        if name not in self._members or generation != self.generation:
            self._trace(f"commit of {name} in generation {generation} refused")
            raise CommitFailedError
        self._broker.commit(name, offsets)

    def look(self) -> None:
        """Drop who was silent for too long, and whoever does not join in time."""
        now = self._loop.time()
        for name, member in list(self._members.items()):
            if member.joined is None and now - member.seen > self._session:
                self._drop(name)
        if self._moving_since is not None and now - self._moving_since > self._rebalance:
            for name in [name for name, member in self._members.items() if member.joined is None]:
                self._drop(name)
        self._settle()

    def _drop(self, name: str) -> None:
        self._trace(f"group drops {name}")
        del self._members[name]
        self._move()

    def _move(self) -> None:
        if self._moving_since is None:
            self._moving_since = self._loop.time()

    def _settle(self) -> None:
        if self._moving_since is None or not all(member.joined for member in self._members.values()):
            return
        self._moving_since = None
        if not self._members:
            return
        self.generation += 1
        names = list(self._members)
        self._random.shuffle(names)
        self._trace(f"generation {self.generation} of {names}")
        for place, name in enumerate(names):
            member = self._members[name]
            placed, member.joined, member.seen = member.joined, None, self._loop.time()
            assert placed is not None
            numbers = list(range(place, self._partitions, len(names)))
            if self.twins and place == 0:
                numbers = list(range(self._partitions))
            placed(self.generation, numbers)
        self.twins = False
