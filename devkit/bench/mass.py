"""`mass`: what happens when the deadlines of a whole base pass within one minute.

The wall clock, and a changelog of customers whose silence is due in the minute that begins a little after the
worker has recovered: nothing is imitated but the rows, which the core made. Beside it comes a steady load of
other customers, whose orders are answered by commands: how late they are before and during it is what
everybody else sees of it. The lapses give a signal each, and no command.
"""

import tempfile
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from devkit.broker import ChildError, real_kafka
from streams.wire.times import DAY, SECOND

from . import steady
from .ground import Ground
from .latency import load
from .listen import Listener, Prober, Quantiles, spread
from .load import now
from .member import Member
from .report import Result, Row
from .stall import STALL
from .typical import fill, first_owner, rows
from .watch import STANDSTILL

KIND = "brand_stopped"
GRACE = 1 * SECOND
TEMPLATES = 1_000
"""So many different moments within the time in which they fall due."""
OTHERS, OTHERS_FIRST = 10_000, 9_000_000
BEFORE, AFTER = 15.0, 10.0
"""Seconds of the steady load before the minute begins; and after the last lapse, for what waited."""
_NONE = Quantiles(0, 0, 0, 0)
POLICY = steady.ANSWERS + "".join(
    [
        f'[detect.{KIND}]\nrule = "fixed"\nafter = "1d"\ngrace = "{GRACE // SECOND}s"\n',
        *(f"[detect.{kind}_stopped]\nenabled = false\n" for kind in ("purchase", "app", "web", "store")),
    ]
)


def add_arguments(parser: ArgumentParser) -> None:
    """Say how much of what."""
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=500, help="events/s beside it")
    parser.add_argument("--within", type=float, default=60, help="seconds in which all fall due")
    parser.add_argument("--lead", type=float, default=90, help="seconds to be recovered in, before that")
    parser.add_argument("--partitions", type=int, default=4)


def run(options: Namespace) -> Result:
    """Let them lapse."""
    result = Result("mass")
    result.notes.append(
        f"wall clock; they fall due within {options.within:g} s; {options.rate} events/s of others beside it"
    )
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder, real_kafka() as kafka:
        ground = Ground(kafka, Path(folder), "mass", options.partitions)
        ground.publish(POLICY)
        first_owner(ground)
        begin, step = now() + int(options.lead * SECOND), options.within * SECOND / TEMPLATES
        lasts = [begin - DAY - GRACE + int(n * step) for n in range(TEMPLATES)]
        fill(ground, options.customers, rows(lasts, POLICY))
        with ground.member().start() as worker, Listener(ground.bootstrap, ground.topics) as listener:
            worker.wait_ready(ground.partitions, options.lead)
            with load(ground, options.rate, OTHERS, OTHERS_FIRST) as sender:
                row = _lapse(worker, listener, begin, options.customers)
                sender.stop()
            worker.end_well()
    result.rows.append(row)
    calm, busy = row["event → command p99 ms before"], row["during"]
    result.equal &= row["signals"] == options.customers and bool(calm) and bool(busy)
    return result


def _lapse(worker: Member, listener: Listener, begin: int, customers: int) -> Row:
    """Wait until everybody who falls due from a moment (ms) on is signalled, and tell how that went."""
    _wait_until(begin - int(BEFORE * SECOND))
    started, before = now(), worker.metrics()
    _wait_until(begin)
    cpu = worker.cpu
    assert worker.address is not None
    with Prober(worker.address) as prober:
        done = _drained(listener, customers, begin)
    cpu, after = worker.cpu - cpu, worker.metrics()
    time.sleep(AFTER)
    signals = listener.of(KIND).quantiles(less=GRACE) or _NONE
    return {
        "customers": customers,
        "signals": signals.number,
        "drained s after the first was due": round((done - begin) / SECOND, 1),
        "CPU s": round(cpu, 1),
        "due → signal p99 ms": signals.p99,
        "event → command p99 ms before": (listener.of("command").quantiles(started, begin) or _NONE).p99,
        "during": (listener.of("command").quantiles(begin, done) or _NONE).p99,
        "longest by its metric ≤ ms": round(spread(before, after, STALL) * 1000, 1),
        "longest answer ms": round((prober.quantiles() or _NONE).largest, 1),
    }


def _wait_until(moment: int) -> None:
    left = (moment - now()) / SECOND
    if left < 0:
        raise ChildError(
            f"the minute began before the worker was ready, by {-left:.0f} s: give it more --lead"
        )
    time.sleep(left)


def _drained(listener: Listener, customers: int, begin: int) -> int:
    """Wait for a signal of everybody; returns when the last could be read (ms)."""
    count, moved = 0, max(time.monotonic(), time.monotonic() + (begin - now()) / SECOND)
    while count < customers:
        time.sleep(0.1)
        if (found := listener.count(KIND)) > count:
            count, moved = found, time.monotonic()
        if time.monotonic() - moved > STANDSTILL:
            raise ChildError(f"{count:,} of {customers:,} lapses were signalled")
    heard = listener.of(KIND)
    return max(at + delay for at, delay in zip(heard.at, heard.delay, strict=True))
