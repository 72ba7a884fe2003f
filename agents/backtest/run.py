"""A backtest from files to counts: reads all, then goes through event time day by day."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from streams.population.estimate import estimate
from streams.wire.population import PartitionSums
from streams.wire.times import DAY, HOUR

from ..replay.source import BadRow, HistoryError
from .crew import Worker, all_of, crew
from .heard import Counts, nothing
from .task import Found, Task
from .trials import Key, total

if TYPE_CHECKING:
    from streams.wire.control import PopulationFact

    from .share import Outcome


class Watcher(Protocol):
    """Who is told how far it has come."""

    def read(self, size: int) -> None:
        """So many bytes of the files were read."""

    def days(self, number: int) -> None:
        """All is read: so many days are to be played."""

    def day(self, at: int) -> None:
        """A day more was played; it is now ``at`` (ms)."""


@dataclass
class Played:
    """What came of a backtest.

    Attributes:
        events: read.
        customers: who have any.
        first: when the first event happened (ms).
        last: when the last one happened (ms).
        bad: rows left out.
        trials: `trials.Key` by number.
        counts: of what the policies said.
        sums: by policy, what its partitions' customers added up to at the end.
    """

    events: int
    customers: int
    first: int
    last: int
    bad: list[BadRow]
    trials: Counter[Key]
    counts: Counts
    sums: list[list[PartitionSums]]


def play(task: Task, shares: int, watcher: Watcher) -> Played:
    """Do a backtest; what is kept of signals, alarms and openings lies in the task's folder afterwards.

    Raises:
        HistoryError: a row or a file cannot be used, or there is nothing in it.
        InfrastructureError: a process was lost.
    """
    with crew(task, shares, watcher.read) as workers:
        found: list[Found] = all_of(workers, "read", None)
        first, last = _span(found, task)
        all_of(workers, "begin", first, last)
        sums = _days(workers, _midnights(first, last), len(task.policies), watcher)
        outcomes: list[Outcome] = all_of(workers, "finish")
    counts = nothing()
    for outcome in outcomes:
        counts.add(outcome.counts)
    bad = sorted({row for part in found for row in part.bad}, key=lambda row: (row[0], row[1]))
    return Played(
        sum(part.events for part in found),
        sum(part.customers for part in found),
        first,
        last,
        [BadRow(*row) for row in bad],
        total(outcome.trials for outcome in outcomes),
        counts,
        sums,
    )


def _span(found: Sequence[Found], task: Task) -> tuple[int, int]:
    """From when to when the history goes."""
    errors = [part.error for part in found if part.error is not None]
    if errors:
        raise HistoryError(min(errors)[2])
    held = [part for part in found if part.events]
    if not held:
        names = ", ".join(map(str, task.files))
        raise HistoryError(
            f"{names}: no events" + (f" of the types {', '.join(sorted(task.only))}" if task.only else "")
        )
    return min(part.first for part in held), max(part.last for part in held)


def _days(
    workers: Sequence[Worker], ends: Sequence[int], policies: int, watcher: Watcher
) -> list[list[PartitionSums]]:
    """Play day by day; what a day taught of everybody holds from its end on, under each policy its own."""
    watcher.days(len(ends))
    known: list[PopulationFact | None] = [None] * policies
    news, sums = list(known), list[list[PartitionSums]]()
    for until in ends:
        shares: list[list[list[PartitionSums]]] = all_of(workers, "play", until, news)
        sums = [list(chain(*parts)) for parts in zip(*shares, strict=True)]
        news = [estimate(parts, former) for parts, former in zip(sums, known, strict=True)]
        known = [new or former for new, former in zip(news, known, strict=True)]
        watcher.day(until)
    return sums


def _midnights(first: int, last: int) -> list[int]:
    """The ends of the days of a history: each midnight (UTC) in it, and then the first full hour above it."""
    end = last - last % HOUR + HOUR
    return [*range(first - first % DAY + DAY, end, DAY), end]
