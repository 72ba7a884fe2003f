"""The records of a cut: decoded, laid out by customer in the order of their application, or set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .executed import Rejected
from .wire.codec import decode
from .wire.event import SHORT_TOPICS
from .wire.partition import partition_of
from .wire.reject import Reason, Rejection, reject_headers
from .wire.volumes import TOKENS

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from .executed import Record
    from .portion import Portion
    from .volumes import SourceVolumes
    from .wire.event import Event

TRACE: Final = "traceparent"
_PUSH: Final = SHORT_TOPICS.index("push")
_REVOKED: Final = "push.token_invalid"
_KEY: Final = Rejection(Reason.KEY)
_PARTITION: Final = Rejection(Reason.PARTITION)

Arrival = tuple[int, int, "Event", bytes | None, int]
"""An event of a customer: when it occurred (ms), the place of its input, what it is, its trace, its bytes."""

Arrived = dict[bytes, list[Arrival]]


class Reader:
    """Reads the records of one cut.

    Args:
        number: of the partition.
        partitions: how many there are.
        known: the customers who have a row: their records are at home here.
        at: the partition's time (ms).
        volumes: counts what each source tells.
    """

    def __init__(
        self, number: int, partitions: int, known: Container[bytes], at: int, volumes: SourceVolumes
    ) -> None:
        self._number = number
        self._partitions = partitions
        self._known = known
        self._at = at
        self._volumes = volumes
        self.arrived: Arrived = {}

    def read(self, slices: Sequence[Sequence[Record]], portion: Portion, grain: int) -> Iterator[None]:
        """Read all records; stops to be asked on after each ``grain`` of them."""
        for place, records in enumerate(slices):
            for start in range(0, len(records), grain):
                self._read(place, records[start : start + grain], portion)
                yield

    def _read(self, place: int, records: Sequence[Record], portion: Portion) -> None:
        """Decode some records of one input."""
        counts, short, arrived, now = portion.counts[place], SHORT_TOPICS[place], self.arrived, self._at
        portion.steps += len(records)
        all_bytes = 0
        times: list[int] = []
        tokens: list[int] = []
        for number, record in enumerate(records, counts.read + 1):
            key, value, at = record.key, record.value, record.timestamp
            size = (len(key) if key else 0) + (len(value) if value else 0)
            all_bytes += size
            event = decode(key, value, short, at if at > now else now)  # noqa: FURB136 - max costs a call
            if isinstance(event, Rejection) or key is None:
                self._reject(record, number, event if isinstance(event, Rejection) else _KEY, place, portion)
                continue
            headers, occurred_at = record.headers, event.occurred_at
            times.append(occurred_at)
            if place == _PUSH and event.type == _REVOKED:
                tokens.append(occurred_at)
            arrival = (occurred_at, place, event, _trace(headers) if headers else None, size)
            mine = arrived.get(key)
            if mine is not None:
                mine.append(arrival)
            elif key in self._known or partition_of(key, self._partitions) == self._number:
                arrived[key] = [arrival]
            else:
                self._reject(record, number, _PARTITION, place, portion)
        self._volumes.take(short, times)
        self._volumes.take(TOKENS, tokens)
        counts.read += len(records)
        counts.read_bytes += all_bytes

    def _reject(self, record: Record, number: int, fault: Rejection, place: int, portion: Portion) -> None:
        """Set a record aside that cannot be used, the ``number``-th of its input."""
        counts = portion.counts[place]
        counts.rejected += 1
        counts.rejected_at.append(number)
        counts.rejected_bytes += len(record.key or b"") + len(record.value or b"")
        headers = reject_headers(fault, record.topic, record.partition, record.offset)
        portion.rejects.append(Rejected(record.key, record.value, headers))


def _trace(headers: Sequence[tuple[str, bytes]]) -> bytes | None:
    """The trace context that a record carries."""
    for name, value in headers:
        if name == TRACE:
            return value
    return None
