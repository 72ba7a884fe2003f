"""`latency`: from an event to its command or signal, and from a deadline to its signal, at several rates.

First the shipped worker takes a backlog in, which tells what its full rate is; then a steady load comes at
half of it and at fixed low rates (`steady.py`: every event occurs as it is handed to the producer). Orders
are answered by a command at once; an opt-out is a signal at once; a visit to a shop is a lapse after five
seconds and a second of grace.
"""

import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from devkit.broker import Child, real_kafka
from streams.wire.times import HOUR

from . import steady
from .ground import Ground
from .listen import CLIENT, Listener, Quantiles
from .load import known, now, send, uniform
from .machine import ROOT, cpu_seconds
from .member import Member
from .report import Result, Row
from .watch import Look, Window, between, warm_part, watch

SETTLE = 5.0
"""Seconds of a load before it is measured; and after it, for what it causes to be read."""
ENOUGH = 0.9
"""The share of orders and opt-outs that must be answered, or nothing was measured. Not all: a customer whose
last order's play still runs gets no second command."""


def add_arguments(parser: ArgumentParser) -> None:
    """Say how much of what."""
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument(
        "--rates", type=int, nargs="*", default=[500, 2_000], help="events/s besides the half load"
    )
    parser.add_argument("--seconds", type=float, default=60, help="measured at each rate")
    parser.add_argument("--events", type=int, default=300_000, help="of the backlog; 0: no half load")
    parser.add_argument("--partitions", type=int, default=4)


def run(options: Namespace) -> Result:
    """Measure at each rate, the half load last."""
    result = Result("latency")
    result.notes += [
        f"cut.every 50 ms, the default; producer linger {steady.LINGER_MS} ms, portions each 10 ms; {CLIENT}",
        f"{options.customers:,} known customers; orders 4 % (each a command), opt-outs 1 %, shop visits 1 %",
    ]
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder, real_kafka() as kafka:
        ground = Ground(kafka, Path(folder), "latency", options.partitions)
        ground.publish(steady.POLICY)
        with ground.member().start() as worker:
            worker.wait_ready(options.partitions)
            rates = [*options.rates, *_half(worker, ground, options, result)]
            for rate in rates:
                result.rows += _steady(worker, ground, rate, options, result)
            worker.end_well()
    return result


def _half(worker: Member, ground: Ground, options: Namespace, result: Result) -> list[int]:
    """Make everybody known, and find half of the full rate by a backlog; none where there shall be none."""
    sent = send(ground.bootstrap, ground.topics, known(options.customers, now() - HOUR, 2))
    _watch(worker, sent)
    if not options.events:
        return []
    sent += send(ground.bootstrap, ground.topics, uniform(options.events, options.customers, now()))
    full = warm_part(_watch(worker, sent))
    result.notes.append(f"full rate: {full.rate:,.0f} events/s of a backlog, {full.micros:.1f} µs CPU each")
    return [round(full.rate / 2)]


def _watch(worker: Member, events: int) -> list[Look]:
    return watch(lambda: look(worker), events, lambda: worker.running, worker.output)


def look(worker: Member) -> Look:
    """Look at a worker."""
    return Look(time.monotonic(), worker.accepted(), cpu_seconds(worker.pid))


def load(ground: Ground, rate: int, customers: int, first: int = 0) -> Child:
    """Start a steady load; it ends with SIGTERM, and then says how much it was."""
    where = (ground.bootstrap, ground.topics.prefix, ground.partitions, rate, customers, first)
    return Child([sys.executable, "-m", "devkit.bench.steady", *map(str, where)], cwd=ROOT)


def _steady(worker: Member, ground: Ground, rate: int, options: Namespace, result: Result) -> list[Row]:
    with (
        Listener(ground.bootstrap, ground.topics) as listener,
        load(ground, rate, options.customers) as sender,
    ):
        time.sleep(SETTLE)
        since, first = now(), look(worker)
        time.sleep(options.seconds)
        until, last = now(), look(worker)
        time.sleep(SETTLE + steady.AFTER + steady.GRACE)
        sender.stop()
    window = between(first, last)
    at_once = [listener.of(kind).quantiles(since, until) for kind in ("command", "email_opted_out")]
    late = listener.of("store_stopped").quantiles(since, until, 1000 * steady.GRACE)
    names = ("order → command", "opt-out → signal", "deadline and grace → signal")
    found = dict(zip(names, [*at_once, late], strict=True))
    check(result, rate, window, at_once)
    return [_row(rate, name, window, told) for name, told in found.items() if told is not None]


def check(result: Result, rate: int, window: Window, at_once: Sequence[Quantiles | None]) -> None:
    """Note it, and let the result fail, if too little was answered or the load was not held.

    Args:
        result: of the benchmark.
        rate: asked for, events a second.
        window: what was taken in.
        at_once: the answers to orders, and to opt-outs.
    """
    for wanted, told in zip((0.04, 0.01), at_once, strict=True):
        if (told.number if told else 0) < ENOUGH * 0.97 * wanted * window.events:
            result.equal = False
            result.notes.append(
                f"{rate:,} events/s: {told and told.number} answered of {wanted * window.events:.0f}"
            )
    if abs(window.rate / rate - 1) > 1 - ENOUGH:
        result.notes.append(f"{rate:,} events/s: {window.rate:,.0f} were taken in, the load was not held")
        result.equal = False


def _row(rate: int, what: str, window: Window, told: Quantiles) -> Row:
    return {
        "events/s": rate,
        "taken in/s": round(window.rate),
        "from → to": what,
        "count": told.number,
        "p50 ms": told.p50,
        "p99 ms": told.p99,
        "largest ms": told.largest,
        "cores": round(window.cpu / window.seconds, 3),
    }
