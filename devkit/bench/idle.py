"""`idle`: CPU of a cut with nothing to do, in the core alone, for several numbers of rows."""

import gc
import time
from argparse import ArgumentParser, Namespace

from streams.timeline import Partition
from streams.topics import catalogue
from streams.wire.event import SHORT_TOPICS
from streams.wire.times import SECOND

from .load import now
from .report import Result, Row
from .typical import rows

EVERY = 50
"""Event time between two cuts (ms)."""
TEMPLATES = 1_000


def add_arguments(parser: ArgumentParser) -> None:
    """Say how much of what."""
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 1_000_000, 10_000_000])
    parser.add_argument("--cuts", type=int, default=20_000)


def run(options: Namespace) -> Result:
    """Measure for each number of rows, in one partition."""
    result = Result("idle")
    result.notes.append("one partition, typical rows with deadlines over an hour of days to come, none due")
    end = now()
    made = rows([end - n * 60 * SECOND for n in range(TEMPLATES)])
    for count in options.rows:
        partition = full_partition(count, made, end)
        result.rows.append(_measure(partition, end, options.cuts))
        del partition
        gc.collect()
    base = result.rows[0]["CPU µs/cut"]
    result.rows = [{**row, "to the first": round(row["CPU µs/cut"] / base, 2)} for row in result.rows]
    return result


def full_partition(count: int, made: list[bytes], at: int, *, own: bool = False) -> Partition:
    """A partition with so many rows, as after a recovery.

    Args:
        count: of rows.
        made: rows to give out in turn.
        at: its time (ms).
        own: whether each customer gets bytes of their own, as in a worker; else they share them.
    """
    partition = Partition(0, catalogue("bench", 1))
    for who in range(count):
        value = made[who % len(made)]
        partition.restore(f"c-{who:08d}".encode(), bytes(bytearray(value)) if own else value)
    for _ in partition.restored(0, at):
        pass
    return partition


def _measure(partition: Partition, at: int, cuts: int) -> Row:
    nothing: list[list[object]] = [[] for _ in SHORT_TOPICS]
    partition.execute(2, 1, at, nothing, 1)  # type: ignore[arg-type] # an empty list is of any type
    gc.collect()
    gc.freeze()
    begun, touched = time.process_time(), 0
    for n in range(3, cuts + 3):
        touched += len(partition.execute(n, 1, at + (n - 2) * EVERY, nothing, n - 1).rows)  # type: ignore[arg-type]
    seconds = time.process_time() - begun
    gc.unfreeze()
    return {
        "rows": len(partition.rows),
        "cuts": cuts,
        "CPU µs/cut": round(seconds / cuts * 1e6, 2),
        "woken": touched,
    }
