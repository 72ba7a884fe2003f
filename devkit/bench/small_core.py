"""The state-only contender's core: as little state as stock Faust keeps in this comparison, and a wake a row.

It has the form that the lane drives (`agents.lane.core`) and none of the product's rules: for each customer
the number of events, the delivered emails and the last sign of life, and a moment at which a month of silence
would be noticed. What is left is the lane itself: fetching, cuts, changelog, timers, commits.

It takes every record to be valid; the loads are.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from struct import Struct
from typing import Final

import msgspec

from streams.deadlines import Deadlines
from streams.facts import FactsInForce
from streams.timeline import Counts, Effect, Executed, Record
from streams.topics import Catalogue
from streams.wire import row
from streams.wire.control import Fact
from streams.wire.times import DAY

from .seen import EMAIL, NOBODY_ACTED

SILENCE: Final = 30 * DAY
AT_ONCE: Final = 10_000
"""Keys that are filed, or taken out, in one step."""
_BODY: Final = Struct("<iiq")


class Head(msgspec.Struct, gc=False):
    """What it reads of an event."""

    type: str
    occurred_at: datetime


_decode: Final = msgspec.json.Decoder(Head).decode


def unpack(stored: bytes) -> tuple[int, int, int]:
    """Events, delivered emails, last sign of life (ms) of a stored row."""
    events, emails, last = _BODY.unpack(row.unpack(stored).body)
    return events, emails, last


class SmallPartition:
    """One partition of customers."""

    def __init__(self, number: int, catalogue: Catalogue) -> None:
        self.number = number
        self.rows: dict[bytes, bytes] = {}
        self.facts = FactsInForce()
        self._inputs = [topic.name for topic in catalogue.inputs]
        self._deadlines = Deadlines()
        self._epoch = 0

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Apply one record of the changelog."""
        if key.startswith(row.CONTEXT):
            self.facts.restore(key, value)
        elif value is None:
            self.rows.pop(key, None)
        else:
            self.rows[key] = value

    def restored(self, control_committed: int, at: int = 0) -> Iterator[None]:  # noqa: ARG002 - the lane's form
        """All is read: rebuild the deadlines, in steps."""
        self.facts.restored(control_committed)
        self._deadlines = Deadlines()
        for number, (key, value) in enumerate(self.rows.items()):
            if wake := row.wake_of(value):
                self._deadlines.file(key, wake)
            if number % AT_ONCE == 0:
                yield

    def resend(self, since_cut: int) -> Iterator[list[Effect]]:  # noqa: ARG002 - as above
        """Nothing: it says nothing."""
        return iter(())

    def learn(self, offset: int, fact: Fact) -> None:
        """A fact stands on control at this offset."""
        self.facts.learn(offset, fact)

    def restate(self) -> Sequence[Fact]:
        """The facts in force."""
        return self.facts.restate()

    def reports(self) -> Sequence[bytes]:
        """Nothing: it knows of nobody."""
        return ()

    def current(self, key: bytes) -> bytes | None:
        """What stands now under a changelog key."""
        return self.facts.current(key, self._epoch) if key.startswith(row.CONTEXT) else self.rows.get(key)

    def portions(
        self, n: int, epoch: int, at: int, slices: Sequence[Sequence[Record]], committed_cut: int
    ) -> Iterator[Executed]:
        """Execute a cut, in one portion: it takes this core some ten milliseconds."""
        yield self.execute(n, epoch, at, slices, committed_cut)

    def execute(
        self, n: int, epoch: int, at: int, slices: Sequence[Sequence[Record]], committed_cut: int
    ) -> Executed:
        """Execute a cut: each customer's row is opened and packed once."""
        self._epoch = epoch
        done = Executed(self.facts.entries(n, epoch, committed_cut), [], [], {})
        touched: dict[bytes, list[int]] = {}
        for name, records in zip(self._inputs, slices, strict=True):
            done.counts[name] = self._count(records, n, touched)
        for key, (events, emails, last, wake_before) in touched.items():
            wake = last + SILENCE
            done.rows[key] = self.rows[key] = row.pack(
                epoch, n, 0, wake, _BODY.pack(events, emails, last), []
            )
            if not wake_before or wake < wake_before or wake_before <= at:
                self._deadlines.file(key, wake)
        while self._deadlines.waits(at):
            for key in self._deadlines.take(at, self._wake_of, AT_ONCE):
                value = row.pack(epoch, n, 0, 0, row.unpack(self.rows[key]).body, [])
                done.rows[key] = self.rows[key] = value
        return done

    def _count(self, records: Sequence[Record], n: int, touched: dict[bytes, list[int]]) -> Counts:
        """Take the records of one input in."""
        counts = Counts()
        counts.read = len(records)
        for record in records:
            key, value = record.key, record.value
            assert key is not None
            assert value is not None
            size = len(key) + len(value)
            counts.read_bytes += size
            seen = touched.get(key)
            if seen is None:
                stored = self.rows.get(key)
                if stored is None:
                    seen = touched[key] = [0, 0, 0, 0]
                elif row.cut_of(stored) >= n:
                    counts.ignore(size)
                    continue
                else:
                    seen = touched[key] = [*unpack(stored), row.wake_of(stored)]
            head = _decode(value)
            seen[0] += 1
            seen[1] += head.type == EMAIL
            if head.type not in NOBODY_ACTED:
                seen[2] = max(seen[2], round(head.occurred_at.timestamp() * 1000))
        counts.accepted = counts.read - counts.ignored
        counts.accepted_bytes = counts.read_bytes - counts.ignored_bytes
        return counts

    def _wake_of(self, key: bytes) -> int:
        value = self.rows.get(key)
        return row.wake_of(value) if value is not None else 0
