"""The soak from the command line: `python -m tests.soak`, or `make soak ARGS="--minutes 20"`."""

import argparse
import sys
import tempfile
from pathlib import Path

from devkit.bench.ground import Ground
from devkit.bench.plot import course
from devkit.bench.report import Result
from devkit.broker import real_kafka
from streams.timeline import Partition
from tests.support.judging import Verdict
from tests.support.oracle import judge

from .run import SHOWN, Course, Plan, Run

LONG_ENOUGH = 600
"""Seconds from which on a slope says something: the first minutes of a process are none."""
GROWTH = 32.0
"""MiB in ten minutes: rows grow while their customers are seen on more surfaces; a leak does not end."""


def main(arguments: list[str] | None = None) -> int:
    """Run it; 1 if the oracle found a difference, or records were left over."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=int, default=2_000, help="events a second")
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--kill-every", type=float, default=120, metavar="SECONDS", help="SIGKILL; 0: never")
    parser.add_argument("--sample-every", type=float, default=10, metavar="SECONDS")
    parser.add_argument("--partitions", type=int, default=4)
    parser.add_argument("--plot", action="store_true", help="write docs/plots/soak.svg")
    asked = parser.parse_args(arguments)
    plan = Plan(asked.minutes * 60, asked.rate, asked.customers, asked.kill_every, asked.sample_every)
    result = soak(plan, asked.partitions)
    if asked.plot:
        result.notes.append(f"plot: {course(result.samples, SHOWN, 'soak', result.marks)}")
    result.tell()
    return 0 if result.equal else 1


def soak(plan: Plan, partitions: int) -> Result:
    """Run it on a Kafka of its own, and have the oracle judge what stands on the topics."""
    result = Result("soak")
    result.notes.append(plan.said())
    with tempfile.TemporaryDirectory(prefix="holdfast-soak-") as folder, real_kafka() as kafka:
        ground = Ground(kafka, Path(folder), "soak", partitions)
        done = Run(ground, plan).run()
        verdict = judge(ground.bootstrap, ground.topics, lambda number: Partition(number, ground.topics))
    note(result, done, verdict)
    if plan.seconds >= LONG_ENOUGH and done.slope() > GROWTH:
        result.notes.append(f"memory grows: more than {GROWTH:g} MiB in ten minutes")
        result.equal = False
    return result


def note(result: Result, done: Course, verdict: Verdict) -> None:
    """Write down what it came to."""
    result.samples, result.marks, result.rows = done.samples, done.kills, done.lives()
    result.notes += [
        f"{done.sent:,} events sent, {len(done.kills)} kills; all committed {done.settled:.1f} s after it",
        f"memory: {done.slope():+.2f} MiB in 10 minutes, over processes older than {done.settling:.0f} s",
        f"oracle: {verdict.summary()}",
    ]
    differs = [f"{what}: {example}" for what, example in verdict.faults.items()]
    if verdict.events != done.sent:
        differs.append(f"{done.sent} events were sent, {verdict.events} stand on the topics")
    if not verdict.effects:
        differs.append("nothing was compared")
    result.notes += differs
    result.equal &= not differs


if __name__ == "__main__":
    sys.exit(main())
