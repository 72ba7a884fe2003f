"""Holdfast without Kafka: all partitions in memory, events in, cuts at ticks, signals and commands out.

It differs from the worker only in who writes the cuts, so with the same events and ticks it gives the same
bytes. The scenarios, the backtest and the tests' oracle of a replay use it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .population.estimate import estimate
from .timeline import Effect, Partition, Rejected
from .why import why
from .wire.event import SHORT_TOPICS
from .wire.partition import partition_of
from .wire.times import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .topics import Catalogue
    from .wire.control import Fact, PopulationFact
    from .wire.population import PartitionSums
    from .wire.why import Why


@dataclass(slots=True)
class _Sent:
    """A record that was sent to an input."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = 0
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass(slots=True)
class _Log:
    """One partition: what waits on its inputs, and how far its logs have come."""

    core: Partition
    waiting: list[list[_Sent]] = field(default_factory=lambda: [[] for _ in SHORT_TOPICS])
    offsets: list[int] = field(default_factory=lambda: [0] * len(SHORT_TOPICS))
    control: int = 0
    cuts: int = 0


class Offline:
    """Partitions of a catalogue, in memory and in one thread.

    Args:
        catalogue: the topics.
        only: the numbers of the partitions that are held here; all of them without.
        population: whether the population role is at work: each day's facts hold from the next tick on.
    """

    def __init__(
        self, catalogue: Catalogue, only: Iterable[int] | None = None, *, population: bool = False
    ) -> None:
        self._population = population
        self._known: PopulationFact | None = None
        self._estimated = 0
        self._names = [topic.name for topic in catalogue.inputs]
        self._count = catalogue.control.partitions
        self._logs = {p: _Log(Partition(p, catalogue, recovered=False)) for p in only or range(self._count)}
        self.rejects: list[Rejected] = []
        self._at = 0

    @property
    def partitions(self) -> Sequence[Partition]:
        """The partitions, by number."""
        return [log.core for log in self._logs.values()]

    def send(self, topic: str, key: bytes, value: bytes) -> None:
        """Put one record on an input (its short name, ``web``), on the partition of its key.

        Raises:
            KeyError: that partition is not held here.
        """
        number = SHORT_TOPICS.index(topic)
        place = partition_of(key, self._count)
        log = self._logs[place]
        log.waiting[number].append(_Sent(self._names[number], place, log.offsets[number], key, value))
        log.offsets[number] += 1

    def learn(self, fact: Fact) -> None:
        """Publish a fact to every partition: it holds from the next tick on."""
        for log in self._logs.values():
            log.core.learn(log.control, fact)
            log.control += 1

    def tick(self, at: int) -> list[Effect]:
        """Cut every partition: all that was sent happened before ``at`` (ms). Tell what follows.

        A cut with nothing to do would change nothing, so it is left out: an idle hour costs nothing.
        """
        self._at = at
        effects = [effect for log in self._logs.values() for effect in self._cut(log, at)]
        if self._population and (fact := self.estimate()) is not None:
            self.learn(fact)
        return effects

    @property
    def known(self) -> PopulationFact | None:
        """What the population role has put in force; None before anything was known."""
        return self._known

    def estimate(self) -> PopulationFact | None:
        """What the population role would put in force now; None if nothing is new since it was asked last."""
        if self._at // DAY == self._estimated:
            return None
        self._estimated = self._at // DAY
        fact = estimate(self.sums(self._at), self._known)
        self._known = fact or self._known
        return fact

    def sums(self, at: int) -> list[PartitionSums]:
        """The sums over the customers of each partition at ``at`` (ms): a tick that was played."""
        return [log.core.sums(at) for log in self._logs.values()]

    def ticks(self, moments: Iterable[int]) -> list[Effect]:
        """Several ticks in order."""
        return [effect for at in moments for effect in self.tick(at)]

    def why(self, customer_id: str) -> Why:
        """Why a customer is as they are, under the facts in force, at the time of the last tick."""
        core = self._logs[partition_of(customer_id.encode(), self._count)].core
        return why(customer_id, core.rows.get(customer_id.encode()), core.facts.context(self._at))

    def _cut(self, log: _Log, at: int) -> list[Effect]:
        """One cut: all that waits, at this time. The tick and its cut each take an offset of control."""
        log.control += 2
        if not any(log.waiting) and not log.core.is_due(at):
            return []
        slices, log.waiting = log.waiting, [[] for _ in SHORT_TOPICS]
        log.cuts += 1
        done = log.core.execute(log.cuts, 0, at, slices, log.cuts - 1)
        self.rejects += done.rejects
        return done.effects
