"""The oracle: reads the topics alone, executes the log again in one thread, and compares.

It shares the core with the worker, since the core is what has to be executed, and nothing else: which cuts
are valid and which changelog rows count is written here a second time, from the rules of ``design.md`` 4
and 5.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from agents.lane.core import Core, CoreFactory
from streams.tables import app_id
from streams.topics import Catalogue
from streams.wire import row
from streams.wire.control import Cut, Tick, decode_control
from streams.wire.reject import Rejection

from .topics import Record, committed, each, read_topic

Sent = tuple[str, bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]


@dataclass
class Verdict:
    """What the comparison came to; all but the counts must be empty."""

    missing: list[Sent] = field(default_factory=list)
    extra: list[Sent] = field(default_factory=list)
    wrong_order: list[bytes] = field(default_factory=list)
    wrong_rows: list[bytes] = field(default_factory=list)
    events: int = 0
    uncut: int = 0
    cuts: int = 0
    ignored: int = 0
    void: int = 0
    epochs: set[tuple[int, int]] = field(default_factory=set)
    effects: int = 0
    repeated: int = 0
    rejects: int = 0
    stale_rows: int = 0

    def require_equal(self) -> None:
        """Raise unless worker and oracle agree in everything, and something was compared."""
        faults = {
            "missing": self.missing[:3],
            "extra": self.extra[:3],
            "wrong order": self.wrong_order[:3],
            "wrong rows": self.wrong_rows[:3],
            "events without a cut": self.uncut,
        }
        assert not any(faults.values()), f"{faults}\n{self.summary()}"
        assert self.effects, f"nothing was compared: {self.summary()}"

    def summary(self) -> str:
        """One line of numbers."""
        return (
            f"events={self.events} cuts={self.cuts} ignored={self.ignored} void={self.void} "
            f"epochs={len(self.epochs)} effects={self.effects} repeated={self.repeated} "
            f"rejects={self.rejects} missing={len(self.missing)} extra={len(self.extra)} "
            f"order={len(self.wrong_order)} rows={len(self.wrong_rows)} stale={self.stale_rows} "
            f"uncut={self.uncut}"
        )


def judge(bootstrap: str, topics: Catalogue, core: CoreFactory) -> Verdict:
    """Execute the log again, up to the last committed cut, and compare it with what stands on the topics.

    Args:
        bootstrap: The broker; the workers must have ended or be idle.
        topics: The catalogue.
        core: Makes a core, given the number of its partition.
    """
    count = topics.control.partitions
    inputs = [read_topic(bootstrap, topic.name, count) for topic in topics.inputs]
    control = read_topic(bootstrap, topics.control.name, count)
    changelog = read_topic(bootstrap, topics.changelog.name, count)
    done = committed(bootstrap, app_id(topics.prefix), topics.control.name, count)
    verdict = Verdict(events=sum(len(records) for topic in inputs for records in topic.values()))
    expected: list[Sent] = []
    for p in range(count):
        again = _Again(core(p), topics, [topic[p] for topic in inputs])
        again.follow(control[p][: _below(control[p], done.get(p, 0))], verdict, p)
        expected += again.sent
        verdict.wrong_rows += _compare_rows(again.rows, changelog[p], verdict)
    found = [
        _sent(record)
        for topic in (topics.signals, *topics.commands.values(), topics.rejects)
        for record in each(read_topic(bootstrap, topic.name, topic.partitions))
    ]
    _compare(expected, found, topics.rejects.name, verdict)
    return verdict


def _below(records: Sequence[Record], offset: int) -> int:
    return sum(record.offset < offset for record in records)


class _Again:
    """One partition, executed again.

    Attributes:
        sent: Effects and rejects, in order.
        rows: What was written last under each customer's key.
    """

    def __init__(self, core: Core, topics: Catalogue, inputs: Sequence[Sequence[Record]]) -> None:
        self._core = core
        self._topics = topics
        self._inputs = inputs
        self.sent: list[Sent] = []
        self.rows: dict[bytes, bytes] = {}

    def follow(self, control: Sequence[Record], verdict: Verdict, partition: int) -> None:
        """Read control in order, and execute what is valid."""
        newest, n, at = -1, 0, 0
        ends: Mapping[str, int] | None = None
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
            verdict.epochs.add((partition, newest))
            late_answer = item.tick is not None and item.at <= at
            if item.n != n + 1 or (ends is not None and item.from_ != ends) or late_answer:
                verdict.void += 1
                continue
            n, at, ends = item.n, max(at, item.at), item.ends
            verdict.cuts += 1
            self._execute(item, at)
        last = ends or {}
        for topic, records in zip(self._topics.inputs, self._inputs, strict=True):
            verdict.uncut += sum(record.offset >= last.get(topic.name, 0) for record in records)

    def _execute(self, cut: Cut, at: int) -> None:
        slices = [
            [r for r in records if cut.from_[topic.name] <= r.offset < cut.ends[topic.name]]
            for topic, records in zip(self._topics.inputs, self._inputs, strict=True)
        ]
        out = self._core.execute(cut.n, 0, at, slices, cut.n - 1)
        self.sent += [(e.topic, e.key, e.value, tuple(e.headers)) for e in out.effects]
        self.sent += [(self._topics.rejects.name, r.key, r.value, tuple(r.headers)) for r in out.rejects]
        for key, value in out.rows.items():
            if value is None:
                self.rows.pop(key, None)
            elif not key.startswith(b"\x00"):
                self.rows[key] = value


def _compare_rows(
    expected: Mapping[bytes, bytes], changelog: Sequence[Record], verdict: Verdict
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
            rows[key] = value
    ours = {key: row.with_epoch(value, 0) for key, value in expected.items() if not row.is_leaving(value)}
    theirs = {key: row.with_epoch(value, 0) for key, value in rows.items() if not row.is_leaving(value)}
    return [key for key in ours.keys() | theirs.keys() if not _same(ours.get(key), theirs.get(key))]


def _same(ours: bytes | None, theirs: bytes | None) -> bool:
    """Byte for byte; a row that a repair wrote again may have lost an outbox that had left long before."""
    if ours is None or theirs is None:
        return ours is theirs
    return theirs in (ours, row.without_outbox(ours))


def _tombstone_epoch(record: Record) -> int:
    return int.from_bytes(dict(record.headers)["epoch"], "big")


def _compare(expected: Sequence[Sent], found: Sequence[Sent], rejects: str, verdict: Verdict) -> None:
    wanted, seen = set(expected), set(found)
    verdict.missing = sorted(wanted - seen, key=repr)
    verdict.extra = sorted(seen - wanted, key=repr)
    verdict.effects = sum(item[0] != rejects for item in wanted)
    verdict.rejects = len(wanted) - verdict.effects
    verdict.repeated = len(found) - len(seen)
    ours, theirs = _by_customer(expected, rejects), _by_customer(dict.fromkeys(found), rejects)
    verdict.wrong_order = [place[1] or b"" for place, items in ours.items() if items != theirs.get(place)]


def _by_customer(items: Iterable[Sent], rejects: str) -> dict[tuple[str, bytes | None], list[Sent]]:
    found: dict[tuple[str, bytes | None], list[Sent]] = {}
    for item in items:
        if item[0] != rejects:
            found.setdefault((item[0], item[1]), []).append(item)
    return found


def _sent(record: Record) -> Sent:
    return (record.topic, record.key, record.value, tuple(record.headers))
