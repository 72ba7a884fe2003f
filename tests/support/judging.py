"""The oracle's judgement, without a broker: a log goes in, a verdict comes out.

The log is executed again, cut by cut, in one thread, and compared with what stands on the topics. It shares
the core with the worker, since the core is what has to be executed, and nothing else: which cuts are valid
and which changelog rows count is written here a second time, from the rules of ``design.md`` 4 and 5.

What is held (reliability.md 2): I1 no lost signal, I2 one payload per id, I3 accounts, I6 order, I7 what is
committed, I8 continuity, I9 the same again from the same log.
"""

import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from agents.lane.core import Core, CoreFactory, Executed
from streams.customer.upcast import lifted
from streams.timeline import Record
from streams.topics import Catalogue
from streams.wire import row
from streams.wire.control import Cut, Tick, decode_control
from streams.wire.reject import Rejection

from . import ledgers

Partitioned = Mapping[int, Sequence[Record]]
Offsets = Mapping[str, Mapping[int, int]]


Identity = tuple[object, ...]


def identity(record: Record) -> Identity:
    """What tells a record from one at the same place of a topic that was made anew."""
    return (record.topic, record.partition, record.offset, record.timestamp, record.key, record.value)


class Sent(NamedTuple):
    """A record of an output, as it must be, byte for byte."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Place(NamedTuple):
    """A record of an input."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True)
class Log:
    """What stands on the topics of one installation; the workers have ended or are idle.

    Attributes:
        topics: The catalogue.
        inputs: The records of each input, in the order of the catalogue.
        control: Cuts, facts and ticks.
        changelog: Rows and markers.
        outputs: Signals, commands and rejects, each topic partition in its order.
        done: Committed offsets by topic, for the inputs and control.
        ends: Next offsets by topic, for the inputs.
        former: The inputs as they were before a loss that was accepted: what cuts before it name.
    """

    topics: Catalogue
    inputs: Sequence[Partitioned]
    control: Partitioned
    changelog: Partitioned
    outputs: Sequence[Record]
    done: Offsets
    ends: Offsets
    former: Sequence[Partitioned] = ()


@dataclass
class Account:
    """What the core made of the records of one input partition: numbers, and bytes of keys and values."""

    read: int = 0
    read_bytes: int = 0
    accepted: int = 0
    rejected: int = 0
    rejected_bytes: int = 0
    duplicate: int = 0
    ignored: int = 0

    @property
    def balanced(self) -> bool:
        """Whether every record that was read has exactly one outcome."""
        return self.read == self.accepted + self.rejected + self.duplicate + self.ignored


@dataclass
class Verdict:
    """What the comparison came to; all but the counts must be empty.

    Attributes:
        missing: Effects and rejects that are not on the topics (I1).
        extra: Some that are, and that the log does not give: phantoms.
        differing: Ids that stand on the topics with more than one payload (I2).
        wrong_order: Customers whose effects stand in another order (I6).
        wrong_rows: Customers whose stored row is not the one that the log gives.
        unaccounted: Input partitions whose accounts do not come out (I3), and what is wrong.
        altered: Dead letters that are not byte for byte what came (I3).
        uncommitted: Records of each input partition that are not committed (I7).
        uncovered: Records that no valid cut names, or more than one (I8).
        unstable: Whether a second re-execution gave anything else (I9).
        ledgers: Partitions that have a ledger in the changelog.
        reached: How far the committed cuts read each input partition of which they named a record.
        uncut: Records after the last cut.
        holes: Offsets that hold no record: markers of transactions, compaction, retention. No fault.
        there: What must have an outcome: what stands on an input, and what stood there and was applied.
    """

    missing: list[Sent] = field(default_factory=list)
    extra: list[Sent] = field(default_factory=list)
    differing: list[bytes] = field(default_factory=list)
    wrong_order: list[bytes] = field(default_factory=list)
    wrong_rows: list[bytes] = field(default_factory=list)
    unaccounted: list[str] = field(default_factory=list)
    altered: list[Place] = field(default_factory=list)
    uncommitted: dict[tuple[str, int], int] = field(default_factory=dict)
    uncovered: list[Place] = field(default_factory=list)
    unstable: bool = False
    events: int = 0
    ledgers: int = 0
    reached: dict[int, dict[str, int]] = field(default_factory=dict)
    uncut: int = 0
    holes: int = 0
    cuts: int = 0
    ignored: int = 0
    void: int = 0
    epochs: set[tuple[int, int]] = field(default_factory=set)
    effects: int = 0
    repeated: int = 0
    rejects: int = 0
    stale_rows: int = 0
    accounts: dict[tuple[str, int], Account] = field(default_factory=dict)
    there: dict[tuple[str, int], list[Record]] = field(default_factory=dict)
    digest: str = ""

    def total(self, outcome: str) -> int:
        """Add one number of all accounts up: ``accepted``, ``duplicate`` …"""
        return sum(getattr(account, outcome) for account in self.accounts.values())

    @property
    def faults(self) -> dict[str, object]:
        """What is not as it must be, with a few examples."""
        found: dict[str, object] = {
            "missing": self.missing[:3],
            "extra": self.extra[:3],
            "differing": self.differing[:3],
            "wrong order": self.wrong_order[:3],
            "wrong rows": self.wrong_rows[:3],
            "accounts": self.unaccounted[:3],
            "altered dead letters": self.altered[:3],
            "not committed": self.uncommitted,
            "not in exactly one cut": self.uncovered[:3],
            "events without a cut": self.uncut,
            "another result from the same log": self.unstable,
        }
        return {name: value for name, value in found.items() if value}

    def require_equal(self) -> None:
        """Raise unless worker and oracle agree in everything, and something was compared."""
        assert not self.faults, f"{self.faults}\n{self.summary()}"
        assert self.effects, f"nothing was compared: {self.summary()}"

    def summary(self) -> str:
        """One line of numbers."""
        return (
            f"events={self.events} cuts={self.cuts} ignored={self.ignored} void={self.void} "
            f"epochs={len(self.epochs)} effects={self.effects} repeated={self.repeated} "
            f"rejects={self.rejects} missing={len(self.missing)} extra={len(self.extra)} "
            f"differing={len(self.differing)} order={len(self.wrong_order)} rows={len(self.wrong_rows)} "
            f"stale={self.stale_rows} uncut={self.uncut} uncommitted={sum(self.uncommitted.values())} "
            f"uncovered={len(self.uncovered)} holes={self.holes} digest={self.digest[:12]}"
        )


Held = Callable[[bytes], bytes]


def whole(value: bytes) -> bytes:
    """All that a row holds."""
    return value


def judge_log(log: Log, core: CoreFactory, held: Held = whole) -> Verdict:
    """Execute a log again, up to the last committed cut, and compare it with what stands on the topics.

    Args:
        log: What was read.
        core: Makes a core, given the number of its partition.
        held: What of a row is compared: where an older release wrote too, what its form holds.
    """
    verdict, rejects = Verdict(), log.topics.rejects.name
    expected, rows = _execute(log, core, verdict)
    verdict.unstable = verdict.digest != _digest(*_execute(log, core, Verdict()))
    for p, again in rows.items():
        verdict.wrong_rows += _compare_rows(again, log.changelog[p], verdict, held)
    found = [Sent(r.topic, r.key, r.value, tuple(r.headers)) for r in log.outputs]
    _compare(expected, found, rejects, verdict)
    verdict.differing = _differing(found)
    verdict.altered = _altered(log)
    verdict.unaccounted += _unaccounted(log, verdict)
    verdict.unaccounted += _wrong_ledgers(log, verdict)
    for topic, ends in log.ends.items():
        for p, end in ends.items():
            if end > (done := log.done.get(topic, {}).get(p, 0)):
                verdict.uncommitted[topic, p] = end - done
    return verdict


def _execute(
    log: Log, core: CoreFactory, verdict: Verdict
) -> tuple[list[Sent], dict[int, dict[bytes, bytes]]]:
    """Every partition, from its first cut to the last one that is committed."""
    sent: list[Sent] = []
    rows = {}
    done = log.done.get(log.topics.control.name, {})
    for p in range(log.topics.control.partitions):
        inputs = [topic[p] for topic in log.inputs]
        former = [topic[p] for topic in log.former]
        again = _Again(p, core(p), log.topics, inputs, verdict, former)
        again.follow([record for record in log.control[p] if record.offset < done.get(p, 0)])
        again.close()
        sent += again.sent
        rows[p] = again.rows
    verdict.digest = _digest(sent, rows)
    return sent, rows


class _Again:
    """One partition, executed again.

    Attributes:
        sent: Effects and rejects, in order.
        rows: What was written last under each customer's key.
    """

    def __init__(
        self,
        number: int,
        core: Core,
        topics: Catalogue,
        inputs: Sequence[Sequence[Record]],
        verdict: Verdict,
        former: Sequence[Sequence[Record]],
    ) -> None:
        self._number = number
        self._core = core
        self._topics = topics
        self._inputs = inputs
        self._now = former or inputs
        self._verdict = verdict
        self._ends: Mapping[str, int] | None = None
        self._named: Counter[Identity] = Counter()
        self._former = former
        self.sent: list[Sent] = []
        self.rows: dict[bytes, bytes] = {}

    def follow(self, control: Sequence[Record]) -> None:
        """Read control in order, and execute what is valid."""
        verdict = self._verdict
        newest, n, at = -1, 0, 0
        for record in control:
            item = decode_control(record.value)
            if isinstance(item, (Tick, Rejection)):
                continue
            if not isinstance(item, Cut):
                self._core.learn(record.offset, item)
                continue
            if item.epoch < newest:
                verdict.ignored += 1
                continue
            newest = item.epoch
            verdict.epochs.add((self._number, newest))
            late_answer = item.tick is not None and item.at <= at
            follows = item.n == n + 1 and (self._ends is None or item.from_ == self._ends)
            anew = item.after_loss and item.n > n and item.from_ == item.ends
            if not (follows or anew) or late_answer:
                verdict.void += 1
                continue
            n, at, self._ends = item.n, max(at, item.at), item.ends
            if item.after_loss:
                self._now = self._inputs
            verdict.cuts += 1
            self._execute(item, at)

    def _execute(self, cut: Cut, at: int) -> None:
        slices = [
            records[_below(records, cut.from_[topic.name]) : _below(records, cut.ends[topic.name])]
            for topic, records in zip(self._topics.inputs, self._now, strict=True)
        ]
        self._named.update(identity(record) for records in slices for record in records)
        for part in self._core.portions(cut.n, 0, at, slices, cut.n - 1):
            self._note(part)

    def _note(self, out: Executed) -> None:
        self.sent += [Sent(e.topic, e.key, e.value, tuple(e.headers)) for e in out.effects]
        self.sent += [Sent(self._topics.rejects.name, r.key, r.value, tuple(r.headers)) for r in out.rejects]
        for key, value in out.rows.items():
            if value is None:
                self.rows.pop(key, None)
            elif not key.startswith(b"\x00"):
                self.rows[key] = value
        for topic, counts in out.counts.items():
            account = self._verdict.accounts.setdefault((topic, self._number), Account())
            for name in account.__dataclass_fields__:
                setattr(account, name, getattr(account, name) + getattr(counts, name))

    def close(self) -> None:
        """Count what no cut names, and what more than one does."""
        verdict, last = self._verdict, self._ends or {}
        moved = {topic for topic, *_ in self._named}
        verdict.reached[self._number] = {topic: end for topic, end in last.items() if topic in moved}
        for topic, records in zip(self._topics.inputs, self._inputs, strict=True):
            end = last.get(topic.name, 0)
            verdict.events += len(records)
            verdict.uncut += sum(record.offset >= end for record in records)
            if records:
                verdict.holes += records[-1].offset + 1 - records[0].offset - len(records)
            verdict.uncovered += [
                Place(topic.name, self._number, record.offset)
                for record in records
                if record.offset < end and self._named[identity(record)] != 1
            ]
            verdict.there[topic.name, self._number] = list(records)
        here = {identity(record) for records in self._inputs for record in records}
        for record in (record for records in self._former for record in records):
            if identity(record) not in here and self._named[identity(record)]:
                verdict.there[record.topic, self._number].append(record)


def _below(records: Sequence[Record], offset: int) -> int:
    """How many records lie below an offset; looking at each would take hours for a long run's cuts."""
    return bisect_left(records, offset, key=attrgetter("offset"))


def _digest(sent: Iterable[Sent], rows: Mapping[int, Mapping[bytes, bytes]]) -> str:
    """One hash over everything that a re-execution gave, in an order that does not depend on it."""
    found = hashlib.sha256()
    for line in sorted(map(repr, sent)):
        found.update(line.encode())
    for partition in sorted(rows):
        for key, value in sorted(rows[partition].items()):
            found.update(repr((partition, key, value)).encode())
    return found.hexdigest()


def _compare_rows(
    expected: Mapping[bytes, bytes], changelog: Sequence[Record], verdict: Verdict, held: Held
) -> list[bytes]:
    """Rows by the epoch rule: what was written in an older epoch than the newest before it does not count."""
    rows: dict[bytes, bytes] = {}
    newest = -1
    for record in changelog:
        key, value = record.key, record.value
        assert key is not None
        if key == row.MARKER:
            newest = max(newest, record.offset)
            continue
        epoch = _tombstone_epoch(record) if value is None else row.epoch_of(value)
        if epoch < newest:
            verdict.stale_rows += 1
            continue
        newest = epoch
        if key.startswith(b"\x00"):
            continue
        if value is None:
            rows.pop(key, None)
        else:
            rows[key] = lifted(value)
    ours = {key: row.with_epoch(value, 0) for key, value in expected.items() if not row.is_leaving(value)}
    theirs = {key: row.with_epoch(value, 0) for key, value in rows.items() if not row.is_leaving(value)}
    return [key for key in ours.keys() | theirs.keys() if not _same(ours.get(key), theirs.get(key), held)]


def _same(ours: bytes | None, theirs: bytes | None, held: Held) -> bool:
    """Byte for byte; a row that a repair wrote again may have lost an outbox that had left long before."""
    if ours is None or theirs is None:
        return ours is theirs
    return held(theirs) in (held(ours), held(row.without_outbox(ours)))


def _tombstone_epoch(record: Record) -> int:
    return int.from_bytes(dict(record.headers)["epoch"], "big")


def _compare(expected: Sequence[Sent], found: Sequence[Sent], rejects: str, verdict: Verdict) -> None:
    wanted, seen = set(expected), set(found)
    verdict.missing = sorted(wanted - seen, key=repr)
    verdict.extra = sorted(seen - wanted, key=repr)
    verdict.effects = sum(item.topic != rejects for item in wanted)
    verdict.rejects = len(wanted) - verdict.effects
    verdict.repeated = len(found) - len(seen)
    ours, theirs = _by_customer(expected, rejects), _by_customer(dict.fromkeys(found), rejects)
    verdict.wrong_order = [place[1] or b"" for place, items in ours.items() if items != theirs.get(place)]


def _by_customer(items: Iterable[Sent], rejects: str) -> dict[tuple[str, bytes | None], list[Sent]]:
    found: dict[tuple[str, bytes | None], list[Sent]] = {}
    for item in items:
        if item.topic != rejects:
            found.setdefault((item.topic, item.key), []).append(item)
    return found


def _differing(found: Iterable[Sent]) -> list[bytes]:
    """Ids under which more than one thing was said."""
    payloads: dict[bytes, set[Sent]] = {}
    for item in found:
        id_ = dict(item.headers).get("ce_id")
        if id_ is not None:
            payloads.setdefault(id_, set()).add(item)
    return [id_ for id_, said in payloads.items() if len(said) > 1]


def _altered(log: Log) -> list[Place]:
    """Dead letters whose key or value is not, byte for byte, that of the record they name."""
    originals = {
        (Place(record.topic, record.partition, record.offset), record.key, record.value)
        for topic in (*log.former, *log.inputs)
        for records in topic.values()
        for record in records
    }
    wrong = []
    for record in log.outputs:
        if record.topic != log.topics.rejects.name:
            continue
        place = _origin(record)
        if (place, record.key, record.value) not in originals:
            wrong.append(place)
    return wrong


def _origin(reject: Record) -> Place:
    """Where a dead letter says that it came from."""
    said = dict(reject.headers)
    place = said["holdfast.reject.topic"], said["holdfast.reject.partition"], said["holdfast.reject.offset"]
    return Place(place[0].decode(), int(place[1]), int(place[2]))


def _unaccounted(log: Log, verdict: Verdict) -> list[str]:
    """Input partitions where the outcomes are not as many, or as many bytes, as there are records."""
    letters: Counter[tuple[str, int]] = Counter()
    for place, _, _ in _letters(log):
        letters[place.topic, place.partition] += 1
    wrong = []
    for topic in log.topics.inputs:
        for p in range(topic.partitions):
            mine = verdict.there[topic.name, p]
            account = verdict.accounts.get((topic.name, p), Account())
            there = (len(mine), sum(map(_size, mine)), account.rejected)
            counted = (account.read, account.read_bytes, letters[topic.name, p])
            if there != counted or not account.balanced:
                wrong.append(f"{topic.name} {p}: there are {there}, counted {counted}: {account}")
    return wrong


def _size(record: Record) -> int:
    return len(record.key or b"") + len(record.value or b"")


def _wrong_ledgers(log: Log, verdict: Verdict) -> list[str]:
    """Ledgers that do not agree with the inputs and the dead letters."""
    names = [topic.name for topic in log.topics.inputs]
    letters = _letters(log)
    found = []
    for p, changelog in log.changelog.items():
        inputs: dict[str, Sequence[Record]] = {
            name: _at_offsets([topic[p] for topic in histories if topic])
            for name, *histories in zip(names, log.former or [{}] * len(names), log.inputs, strict=True)
        }
        rejected = {
            name: [r for r in inputs[name] if (Place(name, p, r.offset), r.key, r.value) in letters]
            for name in names
        }
        accounts = ledgers.ledger(changelog)
        verdict.ledgers += bool(accounts)
        wrong = ledgers.wrong(accounts, inputs, rejected, verdict.reached.get(p, {}))
        found += [f"partition {p}, {said}" for said in wrong]
    return found


def _letters(log: Log) -> set[tuple[Place, bytes | None, bytes | None]]:
    """The dead letters: of which record, and its bytes."""
    return {(_origin(r), r.key, r.value) for r in log.outputs if r.topic == log.topics.rejects.name}


def _at_offsets(histories: Iterable[Sequence[Record]]) -> list[Record]:
    """What stands, or stood, at each offset; of a topic that was made anew what stands there now."""
    found: dict[int, Record] = {}
    for records in histories:
        found |= {record.offset: record for record in records}
    return [found[offset] for offset in sorted(found)]
