"""``python -m tests.support.simulator``: play schedules, and say which seeds fail."""

import argparse
import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from resource import RUSAGE_CHILDREN, getrusage

from .run import Outcome, simulate

TOGETHER = 20
"""Schedules that a process is handed at a time."""


def main(arguments: list[str] | None = None) -> int:
    """Play; 1 if a schedule failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.simulator", description=__doc__)
    parser.add_argument("--seed", type=int, help="the first seed; drawn and printed if not given")
    parser.add_argument("--schedules", type=int, default=2_000, help="how many, each with the next seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes that share them")
    parser.add_argument("--trace", action="store_true", help="print what happened, also if all is well")
    options = parser.parse_args(arguments)
    seed = random.randrange(10**9) if options.seed is None else options.seed
    print(f"seed {seed}, {options.schedules:,} schedules", flush=True)
    began, failed, counts = time.monotonic(), 0, Counter[str]()
    with ProcessPoolExecutor(options.jobs) as pool:
        seeds = range(seed, seed + options.schedules)
        for outcome in pool.map(simulate, seeds, chunksize=TOGETHER):
            counts += outcome.counts
            failed += bool(outcome.findings)
            _tell(outcome, trace=options.trace)
    _sum_up(options.schedules, failed, time.monotonic() - began, counts)
    return 1 if failed else 0


def _tell(outcome: Outcome, *, trace: bool) -> None:
    if outcome.findings or trace:
        print(*outcome.trace, sep="\n")
    if outcome.findings:
        print(f"seed {outcome.seed} fails:", *outcome.findings, sep="\n  ", flush=True)


def _sum_up(schedules: int, failed: int, seconds: float, counts: Counter[str]) -> None:
    used = getrusage(RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    print(
        f"{failed:,} of {schedules:,} failed; {60 * schedules / seconds:,.0f} schedules a minute, "
        f"{60 * schedules / cpu:,.0f} a minute of CPU"
    )
    print(", ".join(f"{what}: {count:,}" for what, count in sorted(counts.items())))


if __name__ == "__main__":
    sys.exit(main())
