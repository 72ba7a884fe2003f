"""`memory`: resident bytes of a customer, in the core alone and in the shipped worker."""

import gc
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

from devkit.broker import real_kafka
from streams.wire.times import MINUTE

from .ground import Ground
from .idle import full_partition
from .load import now
from .machine import resident_bytes
from .recovery import recover
from .report import Result, Row
from .typical import rows

TEMPLATES = 1_000


def add_arguments(parser: ArgumentParser) -> None:
    """Say how much of what."""
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--partitions", type=int, default=4)


def run(options: Namespace) -> Result:
    """Measure both."""
    result = Result("memory")
    result.notes.append("typical rows: three surfaces, two channels; key, container and deadline included")
    at = now()
    made = rows([at - n * MINUTE for n in range(TEMPLATES)])
    packed = round(sum(map(len, made)) / len(made))
    result.rows.append(_in_process(options.customers, made, at) | {"packed": packed})
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder, real_kafka() as kafka:
        ground = Ground(kafka, Path(folder), "memory", options.partitions)
        found = recover(ground, options.customers, made)
    more = (found.after.mib - found.empty.mib) * 2**20
    row = _row("worker, after recovery, less an empty one", options.customers, more)
    result.rows.append(row | {"packed": packed})
    return result


def _in_process(customers: int, made: list[bytes], at: int) -> Row:
    gc.collect()
    before = resident_bytes()
    partition = full_partition(customers, made, at, own=True)
    gc.collect()
    return _row("core alone", len(partition.rows), resident_bytes() - before)


def _row(where: str, customers: int, more: float) -> Row:
    return {
        "where": where,
        "customers": customers,
        "MiB": round(more / 2**20),
        "bytes/customer": round(more / customers),
    }
