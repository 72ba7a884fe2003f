"""`stall`: how long the loop of the shipped worker stands still over a backlog, with many customers.

Seen twice: by the worker itself (`holdfast_stall_seconds`, a histogram: the bound that the longest stayed
below), and from outside, by how late its admin server answers, which includes the waiting for a core.
"""

import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

from devkit.broker import real_kafka
from streams.wire.times import MINUTE

from .ground import Ground
from .latency import look
from .listen import Prober, Quantiles, spread
from .load import LOADS, now, send
from .report import Result
from .typical import fill, first_owner, rows
from .watch import warm_part, watch

TEMPLATES = 1_000
STALL = "holdfast_stall_seconds"


def add_arguments(parser: ArgumentParser) -> None:
    """Say how much of what."""
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--loads", nargs="+", choices=list(LOADS), default=list(LOADS))
    parser.add_argument("--partitions", type=int, default=4)


def run(options: Namespace) -> Result:
    """Measure under both loads, each on a worker that has just recovered."""
    result = Result("stall")
    result.notes.append("the worker has recovered its customers from a changelog; then the backlog")
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder, real_kafka() as kafka:
        for load in options.loads:
            ground = Ground(kafka, Path(folder), f"stall-{load}", options.partitions)
            first_owner(ground)
            fill(ground, options.customers, rows([now() - n * MINUTE for n in range(TEMPLATES)]))
            result.rows.append(_measure(ground, load, options))
            ground.clear()
    return result


def _measure(ground: Ground, load: str, options: Namespace) -> dict[str, object]:
    events = LOADS[load](options.events, options.customers, now(), 1)
    with ground.member().start() as worker:
        worker.wait_ready(ground.partitions, 600)
        before = worker.metrics()
        assert worker.address is not None
        with Prober(worker.address) as prober:
            sent = send(ground.bootstrap, ground.topics, events)
            window = warm_part(watch(lambda: look(worker), sent, lambda: worker.running, worker.output))
        after = worker.metrics()
        worker.end_well()
    told = prober.quantiles() or Quantiles(0, 0, 0, 0)
    return {
        "customers": options.customers,
        "load": load,
        "longest by its metric ≤ ms": round(spread(before, after, STALL) * 1000, 1),
        "answers": told.number,
        "p50 ms": round(told.p50, 1),
        "p99 ms": round(told.p99, 1),
        "longest answer ms": round(told.largest, 1),
        "events/s": round(window.rate),
        "CPU µs/event": round(window.micros, 2),
    }
