"""`drain`: CPU per event and events per second, Holdfast against a stock Faust agent with a Table.

The events lie in Kafka; first the one and then the other reads them, on the same machine, in the same run.
Holdfast is the shipped worker with the wall clock and all its rules; stock Faust counts. Before any number
is shown, what both know of every customer must be equal: delivered emails, and the last sign of life.

CPU is that of the worker's process, all threads, between the first look at which it was warm (a fifth of
the events) and the one at which it was done; starting up is left out for both.
"""

import re
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from devkit.broker import Child, ChildError, RealKafka, real_kafka
from devkit.broker.records import read_topic
from streams.customer import state
from streams.customer.cadence import last_of
from streams.topics import Catalogue, catalogue
from streams.wire.times import parse_time

from .load import now, send, uniform
from .machine import ROOT, cpu_seconds, resident_mib
from .member import Member, environment
from .report import Result
from .seen import changelog, unpack

WARM = 0.2
LOOK_EVERY = 0.25
DRAIN_SECONDS = 1800.0
_PROGRESS = re.compile(r"progress (\d+) ([\d.]+)")

Known = dict[bytes, tuple[int, int]]
"""Customer → delivered emails, last sign of life (ms)."""


class Look(NamedTuple):
    """How far a contender was at a moment, and what it had cost."""

    moment: float
    events: int
    cpu_seconds: float


class Drained(NamedTuple):
    """What a contender did.

    Attributes:
        looks: in order, the last one when it was done.
        known: of the customers.
        mib: resident memory at the end.
    """

    looks: list[Look]
    known: Known
    mib: float


def add_arguments(parser: ArgumentParser) -> None:
    """Say how much of what."""
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=1, help="how often, each on topics of its own")


def run(options: Namespace) -> Result:
    """Measure both, in turn."""
    result = Result("drain")
    result.notes.append(
        f"{options.events:,} events of {options.customers:,} customers lie in Kafka, "
        f"{options.partitions} partitions; app, web, email, push; no signal comes due"
    )
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder, real_kafka() as kafka:
        for number in range(1, options.rounds + 1):
            _round(result, kafka, Path(folder), number, options)
    return result


def _round(result: Result, kafka: RealKafka, folder: Path, number: int, options: Namespace) -> None:
    topics = catalogue(f"drain-{number}", options.partitions)
    made = [(topic.name, topic.partitions, topic.config) for topic in topics.all]
    kafka.create_topics([*made, (changelog(topics.prefix), options.partitions, {})])
    events = send(kafka.bootstrap, topics, uniform(options.events, options.customers, now(), number))
    ours = _holdfast(kafka, topics, folder / f"holdfast-{number}", events)
    theirs = _stock(kafka, topics, folder / f"stock-{number}", events)
    result.equal &= ours.known == theirs.known
    base = _per_event(ours)
    for name, drained in (("Holdfast, whole worker", ours), ("stock Faust, agent with a Table", theirs)):
        result.rows.append(_row(number, name, drained, base))


def _holdfast(kafka: RealKafka, topics: Catalogue, folder: Path, events: int) -> Drained:
    settings = {"HOLDFAST_DATA_DIR": str(folder)}
    env = environment(kafka.bootstrap, topics.prefix, topics.control.partitions, settings)
    with Member(env).start() as member:

        def look() -> Look:
            return Look(time.monotonic(), member.accepted(), member.cpu)

        looks = _watch(look, events, lambda: member.running, member.output)
        mib = resident_mib(member.pid)
        if member.stop():
            raise ChildError(f"the worker did not end well:\n{member.output()}")
    kept = _newest(kafka, topics.changelog.name, topics.control.partitions)
    rows = {key: value for key, value in kept.items() if not key.startswith(b"\x00")}
    return Drained(looks, {key: _from_row(value) for key, value in rows.items()}, mib)


def _stock(kafka: RealKafka, topics: Catalogue, folder: Path, events: int) -> Drained:
    env = environment(kafka.bootstrap, topics.prefix, topics.control.partitions, {}) | {
        "BENCH_BOOTSTRAP": kafka.bootstrap,
        "BENCH_PREFIX": topics.prefix,
        "BENCH_PARTITIONS": str(topics.control.partitions),
        "BENCH_FOLDER": str(folder),
    }
    faust = Path(sys.executable).with_name("faust")
    app = ("-A", "devkit.bench.stock", "worker", "--without-web", "-l", "warn")
    with Child([faust, *app], cwd=ROOT, env=env) as child:

        def look() -> Look:
            found = _PROGRESS.findall(child.output())
            done = int(found[-1][0]) if found else 0
            return Look(time.monotonic(), done, cpu_seconds(child.pid))

        looks = _watch(look, events, lambda: child.exit_code is None, child.output)
        mib = resident_mib(child.pid)
        child.stop()
    found = _newest(kafka, changelog(topics.prefix), topics.control.partitions)
    return Drained(looks, {key: _from_stock(value) for key, value in found.items()}, mib)


def _watch(
    look: Callable[[], Look], events: int, running: Callable[[], bool], output: Callable[[], str]
) -> list[Look]:
    """Look until all is done."""
    looks, until = [look()], time.monotonic() + DRAIN_SECONDS
    while looks[-1].events < events:
        if not running() or time.monotonic() > until:
            raise ChildError(f"{looks[-1].events} of {events} events were done:\n{output()}")
        time.sleep(LOOK_EVERY)
        looks.append(look())
    return looks


def _newest(kafka: RealKafka, topic: str, partitions: int) -> Mapping[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for records in read_topic(kafka.bootstrap, topic, partitions).values():
        for record in records:
            if record.key is not None and record.value is not None:
                found[record.key] = record.value
    return found


def _from_row(value: bytes) -> tuple[int, int]:
    customer = state.customer_of(value)
    email = customer.channels.get("email")
    return (email.delivered if email else 0, last_of(customer.brand))


def _from_stock(value: bytes) -> tuple[int, int]:
    seen = unpack(value)
    return (seen.emails, parse_time(seen.last) if seen.last else 0)


def _measured(drained: Drained) -> tuple[Look, Look]:
    """The first look at which it was warm, and the last."""
    last = drained.looks[-1]
    first = next(look for look in drained.looks if look.events >= WARM * last.events)
    if first is last:
        raise ChildError("done within one look: take more events")
    return first, last


def _per_event(drained: Drained) -> float:
    first, last = _measured(drained)
    return (last.cpu_seconds - first.cpu_seconds) / (last.events - first.events)


def _row(number: int, name: str, drained: Drained, base: float) -> dict[str, object]:
    first, last = _measured(drained)
    events = last.events - first.events
    return {
        "round": number,
        "contender": name,
        "events": last.events,
        "measured": events,
        "events/s": round(events / (last.moment - first.moment)),
        "CPU µs/event": round(_per_event(drained) * 1e6, 1),
        "ratio": round(_per_event(drained) / base, 2),
        "MiB": round(drained.mib),
        "customers": len(drained.known),
    }
