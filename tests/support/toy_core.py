"""A small core that sees everything that the lane might do wrong.

Each row counts the customer's events and keeps a rolling hash over (topic, offset) in the order applied, so
that a lost, repeated or misplaced record shows in every later effect. A customer silent for two seconds
gives an effect as well. It has the form of ``streams.timeline.Partition`` and none of its meaning.
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence

from streams.facts import FactsInForce
from streams.timeline import Counts, Effect, Executed, Record, Rejected
from streams.topics import Catalogue
from streams.wire import row
from streams.wire.control import OffersFact, PolicyFact, PopulationFact, SourceFact
from streams.wire.reject import Reason, Rejection, reject_headers

SILENCE = 2_000
_BODY = struct.Struct("<qqQB")  # events, last event (ms), order hash, silent
BAD = b"bad"
PORTION = 7  # customers: most cuts of a test leave in several portions


def _id(value: bytes) -> bytes:
    """The id of an effect: its customer and its place in the customer's sequence."""
    return b"|".join(value.split(b"|")[:2])


class _Customer:
    def __init__(self, value: bytes | None) -> None:
        self.seq, self.events, self.last, self.order, self.silent = 0, 0, 0, 0, 0
        self.outbox: list[row.Item] = []
        if value is not None:
            stored = row.unpack(value)
            self.seq = stored.seq
            self.events, self.last, self.order, self.silent = _BODY.unpack(stored.body)

    def pack(self, epoch: int, cut: int) -> bytes:
        wake = 0 if self.silent else self.last + SILENCE
        body = _BODY.pack(self.events, self.last, self.order, self.silent)
        return row.pack(epoch, cut, self.seq, wake, body, self.outbox)

    def say(self, topic: str, key: bytes, what: str) -> None:
        self.seq += 1
        text = f"{key.decode()}|{self.seq}|{what}|{self.events}|{self.order:x}|{self.last}"
        self.outbox.append(row.Item(topic, text.encode(), None))


_BUILT_IN = FactsInForce()


class ToyPartition:
    """Follows the protocol of the core."""

    def __init__(self, number: int, catalogue: Catalogue) -> None:
        self.number = number
        self.rows: dict[bytes, bytes] = {}
        self.at = 0
        self.facts = _BUILT_IN  # nothing here looks at the policy
        self._context: dict[bytes, bytes] = {}
        self._learned: dict[bytes, bytes] = {}
        self._former: list[bytes] = []
        self.policy = ""
        self._epoch = 0
        self._catalogue = catalogue
        self._inputs = [topic.name for topic in catalogue.inputs]

    def restore(self, key: bytes, value: bytes | None) -> None:
        target = self._context if key.startswith(row.CONTEXT) else self.rows
        if value is None:
            target.pop(key, None)
        else:
            target[key] = value

    def restored(self, control_committed: int, at: int = 0) -> Iterator[None]:
        self.at = at
        held = {row.parse_context_key(key)[1]: value for key, value in self._context.items()}
        below = [offset for offset in held if offset < control_committed]
        if below:
            self.policy = row.context_payload(held[max(below)]).decode()
        return iter(())

    def resend(self, since_cut: int) -> Iterator[list[Effect]]:
        late = [key for key, value in self.rows.items() if row.cut_of(value) > since_cut]
        for start in range(0, len(late), PORTION):
            some = late[start : start + PORTION]
            yield [effect for key in some for effect in self._effects(key, row.outbox_of(self.rows[key]))]

    def learn(self, offset: int, fact: PolicyFact | OffersFact | PopulationFact | SourceFact) -> None:
        if isinstance(fact, PolicyFact):
            self.policy = fact.version
            key = row.context_key("policy", offset)
            self._learned[key] = fact.version.encode()
            self._former = [former for former in self._former if former != key]

    def restate(self) -> list[PolicyFact]:
        self._former = list(self._context)
        return [PolicyFact(version=self.policy, document={})] if self.policy else []

    def reports(self) -> Sequence[bytes]:
        return ()

    def current(self, key: bytes) -> bytes | None:
        return self._context.get(key) if key.startswith(row.CONTEXT) else self.rows.get(key)

    def portions(
        self, n: int, epoch: int, at: int, slices: Sequence[Sequence[Record]], committed_cut: int
    ) -> Iterator[Executed]:
        done = self.execute(n, epoch, at, slices, committed_cut)
        keys = list(done.rows)
        for start in range(0, max(len(keys), 1), PORTION):
            part = set(keys[start : start + PORTION])
            yield Executed(
                {key: value for key, value in done.rows.items() if key in part},
                [effect for effect in done.effects if effect.key in part],
                [] if start else done.rejects,
                {} if start else done.counts,
            )

    def execute(
        self, n: int, epoch: int, at: int, slices: Sequence[Sequence[Record]], committed_cut: int
    ) -> Executed:
        assert committed_cut < n
        self.at = at
        rows: dict[bytes, bytes | None] = {}
        for key, version in self._learned.items():
            rows[key] = self._context[key] = row.pack_context(epoch, version)
        self._learned.clear()
        rows |= dict.fromkeys(self._former)
        self._context = {key: value for key, value in self._context.items() if rows.get(key, b"") is not None}
        self._former = []
        touched: dict[bytes, _Customer] = {}
        done = Executed(rows, [], [], {})
        arrived = [(record, i) for i, records in enumerate(slices) for record in records]
        for topic, records in zip(self._inputs, slices, strict=True):
            done.counts[topic] = Counts()
            done.counts[topic].read = len(records)
            done.counts[topic].read_bytes = sum(map(_size, records))
        for record, i in sorted(arrived, key=lambda pair: (pair[0].timestamp, pair[1], pair[0].offset)):
            counts = done.counts[record.topic]
            if record.value == BAD or record.key is None:
                counts.rejected += 1
                counts.rejected_bytes += _size(record)
                fault = Rejection(Reason.JSON)
                headers = reject_headers(fault, record.topic, record.partition, record.offset)
                done.rejects.append(Rejected(record.key, record.value, headers))
                continue
            if self._apply(n, touched, record, i):
                counts.count("accepted", _size(record))
            else:
                counts.ignore(_size(record))
        for key, value in list(self.rows.items()):
            if key not in touched and row.cut_of(value) < n and 0 < row.wake_of(value) <= at:
                touched[key] = _Customer(value)
        for key, customer in touched.items():
            if not customer.silent and customer.last + SILENCE <= at:
                customer.silent = 1
                customer.say("signals", key, f"silent {at} {self.policy}")
            rows[key] = self.rows[key] = self._close(customer, epoch, n)
            done.effects.extend(self._effects(key, customer.outbox))
        return done

    def _apply(self, n: int, touched: dict[bytes, _Customer], record: Record, topic: int) -> bool:
        key = record.key
        assert key is not None
        customer = touched.get(key)
        if customer is None:
            value = self.rows.get(key)
            if value is not None and row.cut_of(value) >= n:
                return False
            customer = touched[key] = self._open(value, n)
        customer.events += 1
        customer.last = max(customer.last, record.timestamp)
        customer.silent = 0
        seen = f"{customer.order:x}|{topic}|{record.offset}".encode()
        customer.order = int.from_bytes(hashlib.blake2b(seen, digest_size=8).digest(), "big")
        if customer.events % 5 == 0:
            customer.say("commands.email", key, f"fifth {self.policy}")
        return True

    def _open(self, value: bytes | None, _n: int) -> _Customer:
        return _Customer(value)

    def _close(self, customer: _Customer, epoch: int, n: int) -> bytes:
        return customer.pack(epoch, n)

    def _effects(self, key: bytes, items: Sequence[row.Item]) -> list[Effect]:
        return [
            Effect(self._catalogue.name(item.topic), key, item.value, [("ce_id", _id(item.value))])
            for item in items
        ]


def _size(record: Record) -> int:
    return len(record.key or b"") + len(record.value or b"")
