"""A share of the customers: reads their events, and takes them through the step, day by day.

Customers do not depend on one another but for what is known of everybody, which holds from the next day on.
So each process reads the history by itself and keeps only its customers: what is read twice is cheaper than
what is passed on.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from streams.offline import Offline
from streams.policy.model import Policy
from streams.policy.parse import document, version
from streams.topics import CHANNELS, Catalogue, catalogue
from streams.wire.control import PolicyFact, PopulationFact
from streams.wire.partition import partition_of
from streams.wire.population import PartitionSums
from streams.wire.times import HOUR

from ..replay.history import HistoryEvent, events_of, when
from ..replay.runs import Runs, write_items
from ..replay.source import BadRow, HistoryError, HistoryFile
from .heard import Counts, Ear, nothing, tell
from .task import Found, Task
from .trials import Key, Trials


class Outcome(NamedTuple):
    """What came of a share."""

    trials: Counter[Key]
    counts: Counts


class Share:
    """One share of a backtest, made in the process that does it.

    Args:
        task: what is asked.
        number: which share.
        shares: of how many.
    """

    def __init__(self, task: Task, number: int, shares: int) -> None:
        self._task, self._share = task, number
        self._partitions = task.partitions or shares
        self._mine = frozenset(range(number, self._partitions, shares))
        self._events = Runs(HistoryEvent, key=when, folder=task.folder)
        self._found = Found()

    def read(self, progress: Callable[[int], None]) -> Found:
        """Read the events of this share's customers; ``progress`` is told of bytes."""
        found, customers = self._found, set()
        on_bad = self._set_aside if self._task.skip_bad else None
        for place, path in enumerate(self._task.files):
            file, line = HistoryFile(path, self._task.mapping.all_columns()), 0
            try:
                for event in events_of(file, self._task.mapping, on_bad, progress, self._wanted):
                    self._events.add(event)
                    customers.add(event.key)
                    line, at = event.line, event.occurred_at
                    found.first = min(found.first, at) if found.events else at
                    found.last = max(found.last, at) if found.events else at
                    found.events += 1
            except HistoryError as error:
                found.error = (place, line, str(error))
                break
        found.customers = len(customers)
        return found

    def begin(self, first: int, last: int) -> None:
        """All shares are read: the history goes from ``first`` to ``last`` (ms)."""
        task = self._task
        topics = catalogue(task.prefix, self._partitions, _channels(task.policies))
        self._last, self._tick = last, first - first % HOUR + HOUR
        since = first if task.since is None else task.since
        time = task.policies[0].calendar.open_time
        self._trials = Trials(dict(task.horizons), since, last, len(task.policies), time)
        self._worlds = [_world(topics, sorted(self._mine), policy) for policy in task.policies]
        self._ears = [
            Ear(number, task.kind, task.folder, keep=task.signals and number == 0)
            for number in range(len(task.policies))
        ]
        self._left = iter(self._events)
        self._next = next(self._left, None)

    def play(self, until: int, facts: Sequence[PopulationFact | None]) -> list[list[PartitionSums]]:
        """Let the time reach ``until`` (ms), a tick each hour.

        Args:
            until: a full hour.
            facts: by policy, what is known of everybody from now on; None where there is nothing new.

        Returns:
            By policy, the sums over this share's partitions by then.
        """
        for world, fact in zip(self._worlds, facts, strict=True):
            if fact is not None:
                world.learn(fact)
        while self._tick <= until:
            self._hour(self._tick)
            self._tick += HOUR
        return [world.sums(until) for world in self._worlds]

    def finish(self) -> Outcome:
        """The history is over: count what stands open."""
        self._trials.finish()
        counts = nothing()
        for policy, ear in enumerate(self._ears):
            ear.finish(self._last)
            counts.add(ear.counts)
            for what, items in (("signals", ear.lines), ("alarms", ear.alarms), ("openings", ear.openings)):
                write_items(left_at(self._task.folder, what, policy, self._share), items)
                items.close()
        self._events.close()
        return Outcome(self._trials.counts, counts)

    def _hour(self, tick: int) -> None:
        """What happened before a tick, and what the policies say to it."""
        batch = list(self._before(tick))
        opened = []
        for world, ear in zip(self._worlds, self._ears, strict=True):
            for event in batch:
                world.send(event.topic, event.key, event.value)
            opened.append(ear.hear(tick, world.tick(tick)))
        acts = ((event.occurred_at, event.streams, event.key) for event in batch if event.streams)
        tell(self._trials, acts, opened)

    def _before(self, tick: int) -> Iterator[HistoryEvent]:
        """The events before a moment that were not yet taken."""
        event = self._next
        while event is not None and event.occurred_at < tick:
            yield event
            event = next(self._left, None)
        self._next = event

    def _wanted(self, customer: str, type_: str) -> bool:
        only = self._task.only
        return (not only or type_ in only) and partition_of(customer.encode(), self._partitions) in self._mine

    def _set_aside(self, bad: BadRow) -> None:
        self._found.bad.append((bad.file, bad.line, bad.reason))


def left_at(folder: Path, what: str, policy: int, share: int) -> Path:
    """Where a share leaves its ``signals``, ``alarms`` or ``openings``: too many to be handed over."""
    return folder / f"{what}-{policy}-{share}"


def _world(topics: Catalogue, partitions: Iterable[int], policy: Policy) -> Offline:
    """One share of the customers under a policy."""
    world = Offline(topics, only=partitions)
    world.learn(PolicyFact(version=version(policy), document=document(policy)))
    return world


def _channels(policies: Iterable[Policy]) -> list[str]:
    """Every channel of these policies, and the topics of commands that all have."""
    return list(dict.fromkeys([*CHANNELS, *(name for policy in policies for name in policy.channels)]))
