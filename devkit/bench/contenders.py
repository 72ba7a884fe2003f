"""`contenders`: CPU per event of Holdfast with all rules, with state only, of stock Faust, and of the limit.

In one run, on one Kafka, each in its turn: all of them get the same events, byte for byte. First every
customer becomes a known one (`load.known`), which is not measured; then come the loads, one after the other.
Each contender has topics of its own and is frozen while the events of the next load are sent, so that it
finds all of them waiting, and no load runs into another. Before any number is shown, what the contenders know
must be equal: events and delivered emails in total, and of each customer, where state is kept, the events,
the delivered emails and the last sign of life.

CPU is that of the contender's process, all threads, from a tenth of a load's events on to the last.
"""

import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

from devkit.broker import RealKafka, real_kafka
from streams.wire.times import DAY, HOUR

from .ground import Ground
from .load import LOADS, Made, known, now, send, span
from .machine import resident_mib
from .outcome import Outcome, differences
from .plot import bars
from .report import Result, Row
from .runners import CONTENDERS, Runner, wait_done
from .watch import Window, warm_part

MICROS = "CPU µs/event"


def add_arguments(parser: ArgumentParser) -> None:
    """Say how much of what."""
    parser.add_argument("--customers", type=int, nargs="+", default=[10_000])
    parser.add_argument("--events", type=int, default=400_000, help="of each load, measured")
    parser.add_argument(
        "--warm", type=int, default=3, help="events of each customer before that, not measured"
    )
    parser.add_argument("--loads", nargs="+", choices=list(LOADS), default=list(LOADS))
    parser.add_argument("--contenders", nargs="+", choices=list(CONTENDERS), default=list(CONTENDERS))
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--plot", action="store_true", help="write docs/plots/contenders.svg")


def run(options: Namespace) -> Result:
    """Measure all of them, for each number of customers."""
    result = Result("contenders")
    result.notes.append(
        f"{options.warm} events of each customer first, then {options.events:,} events of each load; "
        f"{options.partitions} partitions; app, web, email, push, orders; one process each"
    )
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder, real_kafka() as kafka:
        for customers in options.customers:
            _compare(result, kafka, Path(folder), customers, options)
    result.rows = with_ratios(result.rows)
    if options.plot:
        result.notes.append(f"plot: {bars(result.rows, 'contenders')}")
    return result


def _compare(result: Result, kafka: RealKafka, folder: Path, customers: int, options: Namespace) -> None:
    end, outcomes = now(), dict[str, Outcome]()
    for name in options.contenders:
        contender, prefix = CONTENDERS[name], f"{name}-{customers}"
        ground = Ground(kafka, folder, prefix, options.partitions, contender.topics(prefix))
        sent = send(ground.bootstrap, ground.topics, _known(customers, end, options))
        runner = contender.start(ground)
        try:
            wait_done(runner, sent)
            for load in options.loads:
                more, window = _load(runner, ground, sent, load, customers, end, options)
                sent += more
                result.rows.append(_row(contender.name, load, customers, window, resident_mib(runner.pid)))
                print(f"{customers:,} {load} {name}: {window.micros:.2f} µs", flush=True)
            outcomes[name] = runner.finish()
        finally:
            runner.close()
        ground.clear()
    found = differences(outcomes, sent)
    result.notes += found
    result.equal &= not found


def _known(customers: int, end: int, options: Namespace) -> Iterator[Made]:
    """The first events of everybody, before all loads."""
    before = sum(span(load, options.events, customers) + HOUR for load in options.loads)
    return known(customers, end - before - DAY, options.warm)


def _load(
    runner: Runner, ground: Ground, before: int, load: str, customers: int, end: int, options: Namespace
) -> tuple[int, Window]:
    """Send a load while the contender is frozen, and watch it work; returns how many events it were."""
    later = options.loads[options.loads.index(load) + 1 :]
    until = end - sum(span(other, options.events, customers) + HOUR for other in later)
    runner.freeze()
    sent = send(ground.bootstrap, ground.topics, LOADS[load](options.events, customers, until, 1))
    runner.thaw()
    return sent, warm_part(wait_done(runner, before + sent))


def _row(name: str, load: str, customers: int, window: Window, mib: float) -> Row:
    return {
        "customers": customers,
        "load": load,
        "contender": name,
        MICROS: round(window.micros, 2),
        "events/s": round(window.rate),
        "MiB": round(mib),
        "measured": window.events,
    }


def with_ratios(rows: list[Row]) -> list[Row]:
    """The rows by customers and load, each with its CPU over that of the cheapest and of the first."""
    groups: dict[tuple[int, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["customers"], row["load"]), []).append(row)
    found = []
    for group in groups.values():
        full, least = group[0][MICROS], min(row[MICROS] for row in group)
        for row in group:
            ratios = {
                "to the cheapest": row[MICROS] / least,
                f"to {group[0]['contender']}": row[MICROS] / full,
            }
            found.append({**row, **{name: round(value, 2) for name, value in ratios.items()}})
    return found
