"""An in-memory Kafka: partitions with offsets, committed offsets, compaction, offsets without a record."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

from devkit.broker.records import Record

Line = tuple[int, bytes | None, bytes | None, list[tuple[str, bytes]]]
"""Timestamp, key, value, headers."""

Place = tuple[str, int]
"""Topic and partition."""


class Slice(NamedTuple):
    """The answer to a fetch: records, the offset after what was looked at, and the partition's end."""

    records: list[Record]
    position: int
    end: int


class Log:
    """One partition.

    Attributes:
        records: What it holds now.
        written: All that was ever appended, compaction or not: what the oracle reads.
        moments: When each of ``written`` was appended (wall clock, ms).
        end: The next offset.
    """

    def __init__(self, topic: str, number: int) -> None:
        self._place = (topic, number)
        self.records: list[Record] = []
        self._offsets: list[int] = []
        self.written: list[Record] = []
        self.moments: list[int] = []
        self.end = 0

    def append(self, lines: Sequence[Line], now: int) -> int:
        """Append a batch; returns its first offset."""
        base = self.end
        for timestamp, key, value, headers in lines:
            record = Record(*self._place, self.end, timestamp, key, value, headers)
            self.records.append(record)
            self._offsets.append(self.end)
            self.written.append(record)
            self.moments.append(now)
            self.end += 1
        return base

    def skip(self, count: int) -> None:
        """Use up offsets without a record, as markers of transactions do."""
        self.end += count

    def read(self, start: int, stop: int | None = None, limit: int | None = None) -> Slice:
        """What stands from an offset on."""
        first = bisect_left(self._offsets, start)
        last = len(self.records) if stop is None else bisect_left(self._offsets, stop)
        if limit is not None and first + limit < last:
            records = self.records[first : first + limit]
            return Slice(records, records[-1].offset + 1, self.end)
        return Slice(self.records[first:last], self.end if stop is None else stop, self.end)

    def compact(self, point: int) -> int:
        """Keep the newest record of each key among those below an offset; returns how many went."""
        head = bisect_left(self._offsets, point)
        newest = {record.key: record.offset for record in self.records[:head]}
        kept = [record for record in self.records[:head] if newest[record.key] == record.offset]
        gone = head - len(kept)
        self.records[:head] = kept
        self._offsets[:head] = [record.offset for record in kept]
        return gone


def nobody(_who: str, _topic: str) -> None:
    """Watch nothing."""


class Broker:
    """All partitions, and what the group has committed.

    Args:
        now: The wall clock (ms).
        trace: Told of everything that is appended or committed.

    Attributes:
        watcher: Told who has appended to which topic.
    """

    def __init__(self, now: Callable[[], int], trace: Callable[[str], None]) -> None:
        self._now = now
        self._trace = trace
        self.logs: dict[Place, Log] = {}
        self.committed: dict[Place, int] = {}
        self.watcher: Callable[[str, str], None] = nobody

    def log(self, topic: str, number: int) -> Log:
        """A partition; made when it is first asked for."""
        found = self.logs.get((topic, number))
        if found is None:
            found = self.logs[topic, number] = Log(topic, number)
        return found

    def append(self, who: str, topic: str, number: int, lines: Sequence[Line]) -> int:
        """Append a batch; returns its first offset."""
        base = self.log(topic, number).append(lines, self._now())
        self.watcher(who, topic)
        self._trace(f"{who} appends {len(lines)} to {topic} {number} at {base}")
        return base

    def commit(self, who: str, offsets: dict[Place, int]) -> None:
        """Commit all of these."""
        self.committed.update(offsets)
        self._trace(f"{who} commits {sorted(offsets.items())}")
