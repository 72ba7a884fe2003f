"""``python -m tests.support.simulator``: play schedules, and say which seeds fail."""

import argparse
import random
import sys
import time
from collections import Counter

from .run import simulate


def main(arguments: list[str] | None = None) -> int:
    """Play; 1 if a schedule failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.simulator", description=__doc__)
    parser.add_argument("--seed", type=int, help="the first seed; drawn and printed if not given")
    parser.add_argument("--schedules", type=int, default=1_000, help="how many, each with the next seed")
    parser.add_argument("--trace", action="store_true", help="print what happened, also if all is well")
    options = parser.parse_args(arguments)
    seed = random.randrange(10**9) if options.seed is None else options.seed
    print(f"seed {seed}, {options.schedules} schedules")
    began, cpu, failed, counts = time.monotonic(), time.process_time(), 0, Counter[str]()
    for number in range(seed, seed + options.schedules):
        outcome = simulate(number)
        counts += outcome.counts
        if outcome.findings or options.trace:
            print(*outcome.trace, sep="\n")
        if outcome.findings:
            failed += 1
            print(f"seed {number} fails:", *outcome.findings, sep="\n  ")
    minutes, cpu = (time.monotonic() - began) / 60, (time.process_time() - cpu) / 60
    print(
        f"{failed} of {options.schedules} failed; {options.schedules / minutes:,.0f} schedules a minute, "
        f"{options.schedules / cpu:,.0f} a minute of CPU"
    )
    print(", ".join(f"{what}: {count:,}" for what, count in sorted(counts.items())))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
