"""The inbox of one partition: records that were fetched and wait for a cut to name them.

Nothing is applied before a cut says so, hence records wait here. The inbox is bounded, and may have an
input paused only if what it holds covers every cut that is already written (and every tick that waits for
an answer): the cut of a former owner may be larger than the bound, and would wait for ever.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from operator import attrgetter

from .core import Record

_offset = attrgetter("offset")


class Inbox:
    """Fetched records by input, in order of offset.

    Args:
        positions: Full name of each input, in the order of the catalogue, and the offset of the first record
            that is not applied yet.
        bound: Records of all inputs together above which inputs may be paused.

    Attributes:
        fetched: The offset up to which each input is here (next offset to fetch).
    """

    __slots__ = ("_bound", "_boxes", "_holes", "fetched")

    def __init__(self, positions: Mapping[str, int], bound: int) -> None:
        self.fetched = dict(positions)
        self._boxes: dict[str, list[Record]] = {topic: [] for topic in positions}
        self._holes: dict[str, list[tuple[int, int]]] = {topic: [] for topic in positions}
        self._bound = bound

    def __len__(self) -> int:
        return sum(map(len, self._boxes.values()))

    def put(self, topic: str, records: Sequence[Record]) -> None:
        """Take in records that follow what is here."""
        self._boxes[topic].extend(records)
        self.fetched[topic] = records[-1].offset + 1

    def reach(self, topic: str, position: int) -> None:
        """Note that the input was read up to there, though these offsets hold no record (markers)."""
        start = self.fetched[topic]
        if position > start:
            self._holes[topic].append((start, position))
            self.fetched[topic] = position

    def holds(self, ends: Mapping[str, int]) -> bool:
        """Whether everything up to these offsets was fetched."""
        return all(self.fetched.get(topic, 0) >= end for topic, end in ends.items())

    def take(self, ends: Mapping[str, int]) -> list[list[Record]]:
        """Remove and return what lies below these offsets, one list per input in catalogue order."""
        slices = []
        for topic, box in self._boxes.items():
            count = bisect_left(box, ends.get(topic, 0), key=_offset)
            slices.append(box[:count])
            del box[:count]
        return slices

    def take_holes(self, ends: Mapping[str, int]) -> dict[str, int]:
        """Remove the offsets below these that hold no record; tells how many there were of each input."""
        found = {}
        for topic, holes in self._holes.items():
            if holes:
                end = ends.get(topic, 0)
                found[topic] = sum(max(0, min(stop, end) - start) for start, stop in holes)
                self._holes[topic] = [(max(start, end), stop) for start, stop in holes if stop > end]
        return found

    def paused(self, needed: Sequence[Mapping[str, int]]) -> list[str]:
        """Inputs that shall not be fetched now.

        Args:
            needed: Ends of every cut that waits, and the targets of a tick under way.
        """
        if len(self) < self._bound:
            return []
        return [
            topic
            for topic, position in self.fetched.items()
            if all(position >= n.get(topic, 0) for n in needed)
        ]
