"""What must hold of a schedule: the judgement of the real broker's tests, and what only this one can tell."""

from collections.abc import Iterator, Sequence

from agents.lane.core import Record
from streams.topics import Catalogue
from streams.wire import row
from streams.wire.control import Cut, decode_control
from tests.support.judging import Log, judge_log

from .broker import Broker
from .world import World


def judge(world: World) -> list[str]:
    """Everything that is not as it must be."""
    broker, topics = world.broker, world.topics
    faults = judge_log(read_log(broker, topics), world.core).faults
    return [
        *(f"{name}: {examples}" for name, examples in faults.items()),
        *_time_ran_ahead(broker, topics),
        *_versions_went_back(broker, topics),
    ]


def read_log(broker: Broker, topics: Catalogue) -> Log:
    """All that stands on the in-memory topics."""
    numbers = range(topics.control.partitions)
    names = [topic.name for topic in topics.inputs]

    def held(topic: str) -> dict[int, list[Record]]:
        return {number: list(broker.log(topic, number).records) for number in numbers}

    outputs = (topics.signals, *topics.commands.values(), topics.rejects)
    return Log(
        topics=topics,
        inputs=[held(name) for name in names],
        control=held(topics.control.name),
        changelog=held(topics.changelog.name),
        outputs=[record for topic in outputs for records in held(topic.name).values() for record in records],
        done={
            name: {number: broker.committed.get((name, number), 0) for number in numbers}
            for name in (*names, topics.control.name)
        },
        ends={name: {number: broker.log(name, number).end for number in numbers} for name in names},
    )


def valid_cuts(control: Sequence[Record]) -> Iterator[Cut]:
    """The cuts that hold, in order (design.md 4)."""
    newest, n, at = -1, 0, 0
    ends: dict[str, int] | None = None
    for record in control:
        cut = decode_control(record.value)
        if not isinstance(cut, Cut) or cut.epoch < newest:
            continue
        newest = cut.epoch
        if cut.n != n + 1 or (ends is not None and cut.from_ != ends) or (cut.tick and cut.at <= at):
            continue
        n, at, ends = cut.n, max(at, cut.at), cut.ends
        yield cut


def _time_ran_ahead(broker: Broker, topics: Catalogue) -> Iterator[str]:
    """Cuts whose time is later than a record that was there before and that they leave out."""
    for number in range(topics.control.partitions):
        control = broker.log(topics.control.name, number)
        written = {
            record.offset: moment for record, moment in zip(control.written, control.moments, strict=True)
        }
        at = 0
        for cut in valid_cuts(control.written):
            if cut.at <= at:
                continue
            at = cut.at
            until = at if cut.tick is None else written[cut.tick]
            for topic in topics.inputs:
                log, end = broker.log(topic.name, number), cut.ends[topic.name]
                late = [
                    one.offset
                    for one, moment in zip(log.written, log.moments, strict=True)
                    if one.offset >= end and moment < until
                ]
                if late:
                    yield f"time ran ahead: cut {cut.n} of {number} leaves out {topic.name} {late[0]}"


def _versions_went_back(broker: Broker, topics: Catalogue) -> Iterator[str]:
    """Rows that count, and are older than one before them (I6)."""
    for number in range(topics.control.partitions):
        newest, versions = -1, dict[bytes, tuple[int, int]]()
        for record in broker.log(topics.changelog.name, number).written:
            if record.key == row.MARKER:
                newest = record.offset
                continue
            if record.value is None or record.key is None or record.key.startswith(b"\x00"):
                continue
            if row.epoch_of(record.value) < newest:
                continue
            version = (row.cut_of(record.value), row.seq_of(record.value))
            if version < versions.get(record.key, version):
                yield f"a row went back to {version}: changelog {number} at {record.offset}"
            versions[record.key] = version
