"""`scale`: two workers against one, on the same events, by wall time and by CPU.

On a machine of two cores the workers share them with the broker, so the wall time of two says little more
than what they cost; the CPU is what holds.
"""

import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from devkit.broker import RealKafka, real_kafka
from streams.wire.times import DAY

from .ground import Ground
from .load import known, now, send, span, uniform
from .machine import cpu_seconds
from .member import Member
from .outcome import Outcome, differences
from .report import Result, Row
from .runners import PATIENT, kept, of_row
from .watch import Look, warm_part, watch


def add_arguments(parser: ArgumentParser) -> None:
    """Say how much of what."""
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--partitions", type=int, default=4)


def run(options: Namespace) -> Result:
    """Measure with each number of workers."""
    result, end, outcomes = Result("scale"), now(), dict[str, Outcome]()
    sent = options.events + 3 * options.customers
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder, real_kafka() as kafka:
        for count in options.workers:
            row, outcomes[f"{count} workers"] = _measure(kafka, Path(folder), count, end, options)
            result.rows.append(row)
    found = differences(outcomes, sent)
    result.notes += [*found, "the workers share the cores of this machine with the broker"]
    result.equal &= not found
    return result


def _measure(kafka: RealKafka, folder: Path, count: int, end: int, options: Namespace) -> tuple[Row, Outcome]:
    ground = Ground(kafka, folder, f"scale-{count}", options.partitions)
    begin = end - span("uniform", options.events, options.customers) - DAY
    members = [ground.member(PATIENT, f"worker-{number}") for number in range(count)]
    try:
        for member in members:
            member.start()
        for member in members:
            member.wait_ready(options.partitions // count)
        sent = send(ground.bootstrap, ground.topics, known(options.customers, begin))
        _watch(members, sent)
        for member in members:
            member.freeze()
        sent += send(ground.bootstrap, ground.topics, uniform(options.events, options.customers, end))
        for member in members:
            member.thaw()
        window = warm_part(_watch(members, sent))
        events = _look(members).events
        for member in members:
            member.end_well()
    finally:
        for member in members:
            member.close()
    known_ = {key: of_row(value) for key, value in kept(ground, ground.topics.changelog.name).items()}
    ground.clear()
    row = {
        "workers": count,
        "events/s": round(window.rate),
        "CPU µs/event, all workers": round(window.micros, 2),
        "measured": window.events,
    }
    return row, Outcome(events, sum(seen.emails for seen in known_.values()), known_)


def _look(members: Sequence[Member]) -> Look:
    done, cpu = sum(m.accepted() for m in members), sum(cpu_seconds(m.pid) for m in members)
    return Look(time.monotonic(), done, cpu)


def _watch(members: Sequence[Member], events: int) -> list[Look]:
    def output() -> str:
        return "\n".join(member.output() for member in members)

    return watch(lambda: _look(members), events, lambda: all(m.running for m in members), output)
