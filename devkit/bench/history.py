"""`history`: the CDNOW history through a real Kafka, compared byte for byte with the core alone.

Three runs, each on topics of its own: one worker, two workers, and one worker that is killed three times
(SIGKILL) while the replay goes on.
"""

import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

from devkit.broker import RealKafka, real_kafka
from streams.topics import catalogue

from .cdnow import cdnow_file, why_missing, write_consents, write_part
from .play import Played, Stage
from .proof import Expected, History, expect
from .report import Result

RUNS = {"one worker": (1, 0), "two workers": (2, 0), "one worker, killed three times": (1, 3)}
BEYOND = "60d"


def add_arguments(parser: ArgumentParser) -> None:
    """Say which part of the history, and in which steps."""
    parser.add_argument("--tick", default="1h", help="event time between two ticks")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument(
        "--one-in", type=int, default=1, metavar="N", help="one customer in N: a quick look, no proof"
    )
    parser.add_argument("--runs", type=int, nargs="*", default=[1, 2, 3], help="which of the three runs")


def run(options: Namespace) -> Result:
    """Play the history, three times.

    Raises:
        FileNotFoundError: the history is not at hand.
    """
    file = cdnow_file()
    if file is None:
        raise FileNotFoundError(why_missing())
    result = Result("history")
    result.notes.append(
        f"CDNOW (Fader and Hardie), one customer in {options.one_in}, email consent for half of them; "
        f"a tick each {options.tick}, {options.partitions} partitions"
    )
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        history = _history(file, Path(folder), options)
        expected = expect(history, catalogue("expected", options.partitions))
        _note_core(result, expected)
        with real_kafka() as kafka:
            for number in options.runs:
                _run(result, kafka, Path(folder), history, number, options.partitions)
    return result


def _history(file: Path, folder: Path, options: Namespace) -> History:
    part = file
    if options.one_in > 1 or file.suffix == ".txt":  # a replay reads CSV only
        part = write_part(file, folder / "part.csv", 1_000_000, options.one_in)
    consents = write_consents(part, folder / "consents.jsonl")
    return History([consents, part], options.tick, BEYOND)


def _note_core(result: Result, expected: Expected) -> None:
    result.notes.append(
        f"The core alone, single-threaded, reading included: {expected.cpu_seconds:.1f} s CPU, "
        f"{expected.events:,} events, {expected.ticks:,} ticks, {len(expected.sent):,} signals and commands"
    )


def _run(
    result: Result, kafka: RealKafka, folder: Path, history: History, number: int, partitions: int
) -> None:
    name = list(RUNS)[number - 1]
    workers, kills = RUNS[name]
    stage = Stage(kafka, folder / f"run-{number}", f"history-{number}", partitions)
    # the headers of signals and commands name the prefix of their topics: each run has its own expectation
    expected = expect(history, stage.topics)
    played = stage.play(history, expected, workers=workers, kills=kills)
    result.equal &= played.comparison.equal
    result.rows.append(_row(name, expected, played))
    print(f"{name}: {played.comparison.summary()}", flush=True)


def _row(name: str, expected: Expected, played: Played) -> dict[str, object]:
    found = played.comparison
    return {
        "run": name,
        "events": expected.events,
        "signals and commands": found.expected,
        "missing": len(found.missing),
        "extra": len(found.extra),
        "customers out of order": len(found.out_of_order),
        "repeated, byte for byte": found.repeated,
        "kills": played.kills,
        "seconds": round(played.seconds, 1),
        "events/s": round(expected.events / played.seconds),
        "ticks/s": round(expected.ticks / played.seconds, 1),
        "worker CPU, s": round(played.cpu_seconds, 1),
        "CPU µs/event": round(played.cpu_seconds / expected.events * 1e6),
    }
