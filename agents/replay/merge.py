"""Puts several histories into one order of time, without holding more than one row of each."""

from collections.abc import Iterable, Iterator
from heapq import merge
from operator import attrgetter
from typing import Protocol, TypeVar

from .source import HistoryError


class Timed(Protocol):
    """Anything that knows when it happened and where it stands."""

    @property
    def occurred_at(self) -> int:
        """When, in milliseconds."""

    @property
    def line(self) -> int:
        """On which line of its file."""


T = TypeVar("T", bound=Timed)

_when = attrgetter("occurred_at")


def in_order(name: str, rows: Iterable[T]) -> Iterator[T]:
    """Pass rows on as long as time does not run backwards.

    Args:
        name: of the file, for the message.
        rows: as they stand in the file.

    Raises:
        HistoryError: a row is earlier than the one before it.
    """
    newest, where = -(1 << 63), 0
    for row in rows:
        if row.occurred_at < newest:
            raise HistoryError(
                f"{name}:{row.line}: earlier than line {where}; a history goes forward in time. "
                "Sort the file, or let us do it: --sort"
            )
        newest, where = row.occurred_at, row.line
        yield row


def merged(histories: list[Iterator[T]]) -> Iterator[T]:
    """Merge histories that are in order; within one moment, the file named first goes first."""
    return histories[0] if len(histories) == 1 else merge(*histories, key=_when)
