"""A backtest from files to counts: reads all, then goes through event time day by day."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from streams.wire.times import DAY, HOUR

from ..replay.source import BadRow, HistoryError
from .crew import Worker, all_of, crew
from .heard import Counts, nothing
from .task import Found, Task
from .trials import Key, total

if TYPE_CHECKING:
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
    """

    events: int
    customers: int
    first: int
    last: int
    bad: list[BadRow]
    trials: Counter[Key]
    counts: Counts


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
        _days(workers, first, last, watcher)
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


def _days(workers: Sequence[Worker], first: int, last: int, watcher: Watcher) -> None:
    """Play day by day, to the first full hour above the last event."""
    ends = list(_midnights(first, last))
    watcher.days(len(ends))
    for until in ends:
        all_of(workers, "play", until)
        watcher.day(until)


def _midnights(first: int, last: int) -> Iterator[int]:
    """The ends of the days of a history: each midnight (UTC) after its beginning, and then its end."""
    end = last - last % HOUR + HOUR
    yield from range(first - first % DAY + DAY, end, DAY)
    yield end
