"""A partition: its customers, its time, and what a cut does to them.

A cut says up to which offsets of the inputs to read and what time it is then (design.md 4). Executing it
is a pure function of the rows, the facts in force, the records and the cut, so that whoever executes it,
however often, gets the same rows, signals and commands, byte for byte:

1. the records are decoded; what cannot be used becomes a reject;
2. each customer's events, ordered by (``occurred_at``, topic, offset), and the wakes that come due between
them and
   up to ``at``, go through the step in that order;
3. what the step wishes to send passes reach at the end, with everything in the cut known;
4. a customer whose row carries this cut already, or a later one, is left alone: this was done before a crash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import msgspec

from .customer_cut import SECOND, Arrival, Result, advance
from .deadlines import Deadlines
from .facts import FactsInForce
from .step import DUPLICATE
from .wire import row
from .wire.codec import decode
from .wire.event import SHORT_TOPICS
from .wire.headers import effect_headers
from .wire.partition import partition_of
from .wire.reject import Reason, Rejection, reject_headers
from .wire.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .topics import Catalogue
    from .wire.control import Fact

TRACE: Final = "traceparent"
Headers = list[tuple[str, bytes]]


class Record(Protocol):
    """One Kafka record of an input; aiokafka's ``ConsumerRecord`` is one."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Effect(NamedTuple):
    """A signal or command to be published, on the partition of its customer."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers


class Rejected(NamedTuple):
    """A record that could not be used, byte for byte, and why (headers)."""

    key: bytes | None
    value: bytes | None
    headers: Headers


class Counts:
    """What became of the records of one input: numbers and bytes (reliability.md I3).

    ``rejected_at`` are the places (from 1) of the rejects among the records read, in order.
    """

    __slots__ = (
        "accepted",
        "duplicate",
        "ignored",
        "read",
        "read_bytes",
        "rejected",
        "rejected_at",
        "rejected_bytes",
    )

    def __init__(self) -> None:
        self.read = self.read_bytes = 0
        self.accepted = self.duplicate = self.ignored = 0
        self.rejected = self.rejected_bytes = 0
        self.rejected_at: list[int] = []

    def count(self, outcome: str) -> None:
        """Count one event by its outcome."""
        if outcome == DUPLICATE:
            self.duplicate += 1
        else:
            self.accepted += 1


class _Mine(NamedTuple):
    """The events of one customer in a cut, and the accounts that each belongs to."""

    arrivals: list[Arrival]
    accounts: list[Counts]


class Executed(NamedTuple):
    """What a cut did.

    Attributes:
        rows: changelog values by key, in order; None is a tombstone. Facts of the context come first.
        effects: signals and commands, in order.
        rejects: records that could not be used.
        counts: by full topic name.
    """

    rows: dict[bytes, bytes | None]
    effects: list[Effect]
    rejects: list[Rejected]
    counts: dict[str, Counts]


class Partition:
    """One partition of the customers: ``rows`` (stored forms by key), ``at`` (its time in ms, 0 at first)."""

    def __init__(self, number: int, catalogue: Catalogue) -> None:
        self.number = number
        self.rows: dict[bytes, bytes] = {}
        self.at = 0
        self.facts = FactsInForce()
        self._catalogue = catalogue
        self._partitions = catalogue.control.partitions
        self._inputs = [topic.name for topic in catalogue.inputs]
        self._deadlines = Deadlines()
        self._leaving: dict[bytes, int] = {}
        self._sending: dict[bytes, int] = {}
        self._epoch = 0

    # --- recovery

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Apply one record of the changelog, in the order of the log.

        Raises:
            streams.wire.row.StoredFormError: if this version cannot read it.
        """
        if value is not None:
            row.check_format(value)
        if key.startswith(row.CONTEXT):
            self.facts.restore(key, value)
        elif value is None:
            self.rows.pop(key, None)
        else:
            self.rows[key] = value

    def restored(self, control_committed: int, at: int = 0) -> None:
        """All is read: put the facts in force that were committed, rebuild the deadlines.

        ``at`` (ms) is that of the last committed cut.
        """
        self.at = at
        self.facts.restored(control_committed)
        self._deadlines = Deadlines()
        self._leaving, self._sending = {}, {}
        for key, value in self.rows.items():
            if row.has_outbox(value):
                self._sending[key] = row.cut_of(value)
            if row.is_leaving(value):
                self._leaving[key] = row.cut_of(value)
            elif wake := row.wake_of(value):
                self._deadlines.file(key, wake)

    def resend(self, since_cut: int) -> list[Effect]:
        """The effects of every row whose cut is above the last committed one: they may not have left."""
        return [
            self._effect(key, item)
            for key, value in sorted(self.rows.items())
            if row.has_outbox(value) and row.cut_of(value) > since_cut
            for item in row.outbox_of(value)
        ]

    def current(self, key: bytes) -> bytes | None:
        """What the changelog must hold under this key, None for a tombstone: what a repair writes again."""
        if key.startswith(row.CONTEXT):
            return self.facts.current(key, self._epoch)
        return self.rows.get(key)

    # --- living

    def learn(self, offset: int, fact: Fact) -> None:
        """A fact stands on control at this offset: it holds from the next cut on."""
        self.facts.learn(offset, fact)

    def portions(
        self, n: int, epoch: int, at: int, slices: Sequence[Sequence[Record]], committed_cut: int
    ) -> Iterator[Executed]:
        """Execute cut ``n`` as ``execute`` does, a portion at each step."""
        yield self.execute(n, epoch, at, slices, committed_cut)

    def execute(
        self, n: int, epoch: int, at: int, slices: Sequence[Sequence[Record]], committed_cut: int
    ) -> Executed:
        """Execute cut ``n``.

        Args:
            n: the number of the cut.
            epoch: of the owner who executes it; it marks the rows.
            at: the partition's time from here on (ms).
            slices: by input, in the catalogue's order, the records between the cut before and this one.
            committed_cut: the newest cut whose commit is known; what only older ones need is dropped.
        """
        self.at, self._epoch = max(self.at, at), epoch
        done = Executed(self.facts.entries(n, epoch, committed_cut), [], [], {})
        arrived = self._read(slices, done)
        context = self.facts.context(self.at)
        due = self._deadlines.take(self.at, self._wake_of)
        for key in (*arrived, *(key for key in due if key not in arrived)):
            stored, mine = self.rows.get(key), arrived.get(key, _NONE)
            if stored is not None and row.cut_of(stored) >= n:
                for counts in mine.accounts:
                    counts.ignored += 1
                continue
            result = advance(key, stored, mine.arrivals, context, n, epoch)
            for outcome, counts in zip(result.outcomes, mine.accounts, strict=True):
                counts.count(outcome)
            self._keep(key, stored, result, n, done)
        self._settle(committed_cut, done)
        return done

    def _read(self, slices: Sequence[Sequence[Record]], done: Executed) -> dict[bytes, _Mine]:
        """Decode the records of a cut, and lay them out by customer in the order of their application."""
        arrived: dict[bytes, _Mine] = {}
        for short, name, records in zip(SHORT_TOPICS, self._inputs, slices, strict=True):
            counts = done.counts[name] = Counts()
            for record in records:
                key, value = record.key, record.value
                counts.read += 1
                counts.read_bytes += len(value) if value else 0
                event = decode(key, value, short, max(record.timestamp, self.at))
                if isinstance(event, Rejection) or key is None:
                    fault = event if isinstance(event, Rejection) else Rejection(Reason.KEY)
                    self._reject(record, fault, counts, done)
                    continue
                mine = arrived.get(key)
                if mine is None:
                    if key not in self.rows and partition_of(key, self._partitions) != self.number:
                        self._reject(record, Rejection(Reason.PARTITION), counts, done)
                        continue
                    mine = arrived[key] = _Mine([], [])
                mine.arrivals.append(Arrival(event.occurred_at, event, _trace(record.headers)))
                mine.accounts.append(counts)
        return {key: _in_order(mine) for key, mine in arrived.items()}

    def _reject(self, record: Record, fault: Rejection, counts: Counts, done: Executed) -> None:
        """Set a record aside that cannot be used."""
        counts.rejected += 1
        counts.rejected_at.append(counts.read)
        counts.rejected_bytes += len(record.value) if record.value else 0
        headers = reject_headers(fault, record.topic, record.partition, record.offset)
        done.rejects.append(Rejected(record.key, record.value, headers))

    def _keep(self, key: bytes, stored: bytes | None, result: Result, n: int, done: Executed) -> None:
        """Keep a row, and see that it is looked at when it wakes."""
        wake, before = result.wake_at, row.wake_of(stored) if stored is not None else 0
        if result.value is None:
            return
        self.rows[key] = done.rows[key] = result.value
        if result.outbox:
            self._sending[key] = n
            done.effects.extend(self._effect(key, item) for item in result.outbox)
        if result.leaving:
            self._leaving[key] = n
        else:
            self._leaving.pop(key, None)
        if wake and (not before or wake < before or before <= self.at):
            self._deadlines.file(key, wake)

    def _settle(self, committed_cut: int, done: Executed) -> None:
        """Drop what only an uncommitted cut needs: outboxes in memory, rows that are leaving."""
        for key in [key for key, n in self._sending.items() if n <= committed_cut]:
            del self._sending[key]
            if key not in done.rows:
                self.rows[key] = row.without_outbox(self.rows[key])
        for key in [key for key, n in self._leaving.items() if n <= committed_cut and key not in done.rows]:
            if row.seq_of(self.rows[key]) >= self.at // SECOND:
                continue  # the next row of this customer would begin below: see `advance`
            del self._leaving[key]
            del self.rows[key]
            done.rows[key] = None

    def _wake_of(self, key: bytes) -> int:
        """When a key wants to be looked at (ms), 0 for never: what its row says."""
        value = self.rows.get(key)
        return row.wake_of(value) if value is not None else 0

    def _effect(self, key: bytes, item: row.Item) -> Effect:
        """An item of an outbox as it is published: the headers follow from its value."""
        said = _heading.decode(item.value)
        family = "signal" if item.topic == "signals" else "command"
        prefix = self._catalogue.prefix
        headers = effect_headers(
            f"{family}.{said.action}",
            said.id,
            parse_time(said.at),
            said.customer_id,
            prefix,
            item.traceparent,
        )
        return Effect(f"{prefix}.{item.topic}.v1", key, item.value, headers)


class _Heading(msgspec.Struct):
    """What the headers of an effect repeat of its value."""

    id: str
    action: str
    at: str
    customer_id: str


_heading: Final = msgspec.json.Decoder(_Heading)
_NONE: Final = _Mine([], [])


def _trace(headers: Sequence[tuple[str, bytes]]) -> bytes | None:
    """The trace context that a record carries."""
    for name, value in headers:
        if name == TRACE:
            return value
    return None


def _in_order(mine: _Mine) -> _Mine:
    """The events of a customer by (``occurred_at``, topic, offset); they come by topic and offset already."""
    if len(mine.arrivals) == 1:
        return mine
    order = sorted(range(len(mine.arrivals)), key=lambda i: mine.arrivals[i].at)
    return _Mine([mine.arrivals[i] for i in order], [mine.accounts[i] for i in order])
