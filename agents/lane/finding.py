"""Finding one cut on control, from its end backwards.

Control is kept for weeks, some million records a partition; what is looked for is near its end, but for cuts
that changed no row. So it is looked for in windows that double, in pieces, and none of it is kept.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from .cuts import Base
from .following import Follower
from .reader import LogReader

WINDOW: Final = 4_096
"""Offsets of the first window."""

PIECE: Final = 20_000
"""Offsets that are read at once; after each the watchdog is told that there is progress."""


class FoundCut(NamedTuple):
    """What was found.

    Attributes:
        offset: Where the cut stands; -1 if control does not hold it.
        base: The cut.
        any: Whether control holds any cut.
    """

    offset: int
    base: Base | None
    any: bool


async def find_cut(
    reader: LogReader, topic: str, number: int, first: int, end: int, n: int, stepped: Callable[[], None]
) -> FoundCut:
    """Look for the valid cut of a number.

    A window may begin with a cut that is void, so it counts only if it tells the cut as one that follows
    another, and nothing in it disagrees; else the next window is asked, at last all of control.

    Args:
        reader: Of the log.
        topic: Control.
        number: The partition.
        first: Its first offset.
        end: Its next offset.
        n: The number of the cut.
        stepped: Called after each piece.
    """
    width = WINDOW
    while True:
        start = max(first, end - width)
        follower, found, sure = Follower(), FoundCut(-1, None, any=False), False
        for at in range(start, end, PIECE):
            records = await reader.read(topic, {number: (at, min(at + PIECE, end))})
            for record in records[number]:
                if follower.read(record.offset, record.value) and follower.base is not None:
                    found = found._replace(any=True)
                    if follower.base.n == n:
                        found, sure = FoundCut(record.offset, follower.base, any=True), follower.sure
            stepped()
        if start == first or (sure and not follower.void):
            return found
        width *= 2
