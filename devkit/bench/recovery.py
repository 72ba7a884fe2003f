"""`recovery`: customers restored a second by the shipped worker, from claiming partitions to being ready."""

import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from devkit.broker import ChildError, real_kafka
from streams.wire.times import MINUTE

from .ground import NOTHING, Config, Ground
from .load import now
from .member import Measured
from .report import Result
from .typical import fill, first_owner, rows

TEMPLATES = 1_000


class Recovered(NamedTuple):
    """What a recovery was.

    Attributes:
        customers: with a row in memory afterwards.
        records: of the changelog that were read.
        seconds: from claiming to having all partitions ready.
        empty: what a worker without customers had used when it was ready.
        after: what this one had.
    """

    customers: int
    records: int
    seconds: float
    empty: Measured
    after: Measured


def add_arguments(parser: ArgumentParser) -> None:
    """Say how much of what."""
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--records", type=int, nargs="+", default=[1, 3], help="of each customer")
    parser.add_argument("--partitions", type=int, default=4)


def run(options: Namespace) -> Result:
    """Recover, from changelogs with more and more records of each customer."""
    result = Result("recovery")
    result.notes.append("a changelog of typical rows, never compacted; CPU less that of an empty worker")
    made = rows([now() - n * MINUTE for n in range(TEMPLATES)])
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder, real_kafka() as kafka:
        for each in options.records:
            ground = Ground(kafka, Path(folder), f"recovery-{each}", options.partitions)
            found = recover(ground, options.customers, made, each)
            result.equal &= found.customers == options.customers
            cpu = found.after.cpu - found.empty.cpu
            result.rows.append(
                {
                    "customers": found.customers,
                    "records": found.records,
                    "seconds": round(found.seconds, 2),
                    "customers/s": round(found.customers / found.seconds),
                    "records/s": round(found.records / found.seconds),
                    "CPU s": round(cpu, 2),
                    "CPU µs/record": round(cpu / found.records * 1e6, 2),
                    "MiB": round(found.after.mib),
                }
            )
            ground.clear()
    return result


def recover(
    ground: Ground, customers: int, made: Sequence[bytes], each: int = 1, settings: Config = NOTHING
) -> Recovered:
    """Fill a changelog, start a worker on it, and end it once it is ready.

    Raises:
        ChildError: a worker did not end well.
    """
    empty = first_owner(ground, settings)
    fill(ground, customers, made, each)
    with ground.member(settings).start() as worker:
        worker.wait_ready(ground.partitions, 600)
        after, told = worker.measured(), worker.metrics()
        worker.end_well()
    held = sum(value for name, value in told.items() if name.startswith("holdfast_customers{"))
    if not told.get("holdfast_recovered_records_total"):
        raise ChildError(f"nothing was recovered:\n{worker.output()}")
    return Recovered(
        round(held),
        round(told["holdfast_recovered_records_total"]),
        told["holdfast_recovery_seconds"],
        empty,
        after,
    )
