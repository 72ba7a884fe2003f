"""What another policy would have said otherwise: in numbers, and to whom."""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from streams.wire.times import format_time

from .heard import Counts, Opening
from .left import left

LISTED: Final = 20
"""Customers that are listed unless all are asked for."""

Data = dict[str, Any]


def difference(counts: Counts, folder: Path, shares: int, *, everybody: bool) -> Data:
    """The difference of the second policy to the first.

    Returns:
        ``opened`` by kind and ``messages`` by channel, each a pair; ``customers``, the number of those who
        get other signals; and a ``list`` of the first of them, or of all.
    """
    found: list[Data] = []
    total = 0
    for customer, says in _who_differs(folder, shares):
        total += 1
        if everybody or len(found) < LISTED:
            found.append({"customer": customer, "says": says})
    return {
        "opened": _pairs(
            {(p, k): n for (p, k, action, _), n in counts.signals.items() if action == "opened"}
        ),
        "messages": _pairs(dict(counts.sends)),
        "customers": total,
        "list": found,
    }


def _pairs(numbers: dict[tuple[int, str], int]) -> dict[str, tuple[int, int]]:
    names = sorted({name for _, name in numbers})
    return {name: (numbers.get((0, name), 0), numbers.get((1, name), 0)) for name in names}


def _who_differs(folder: Path, shares: int) -> Iterator[tuple[str, list[str]]]:
    """Each customer to whom the policies do not say the same, and what only one of them says."""
    openings = merge(*(left(folder, "openings", policy, shares, Opening) for policy in (0, 1)))
    for customer, group in groupby(openings, key=attrgetter("customer")):
        first, second = set[Opening](), set[Opening]()
        for opening in group:
            (second if opening.policy else first).add(opening._replace(policy=0))
        if first != second:
            yield customer, [*_told("first", first - second), *_told("second", second - first)]


def _told(which: str, openings: Iterable[Opening]) -> list[str]:
    return [
        f"only {which}: {one.kind}{f' ({one.channel})' if one.channel else ''} {format_time(one.at)}"
        for one in sorted(openings, key=attrgetter("at", "kind", "channel"))
    ]
