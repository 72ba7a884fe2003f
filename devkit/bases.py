"""Simulated customer bases with a known truth: log-normal gaps, dropout, drift (model.md 9).

Everything is drawn from a seed, so a base is the same wherever it is made. Only what falls into the observed
time becomes an event: customers who started before it are seen from the middle of their history.
"""

import csv
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import exp
from pathlib import Path
from random import Random
from typing import Final

from streams.wire.times import DAY, format_time, parse_time

START: Final = parse_time("2020-01-01T00:00:00.000Z")


@dataclass(frozen=True)
class Base:
    """One base.

    Attributes:
        gaps: m0, kappa0, a0, b0 of the customers' log gaps.
        dropout: a, b of the probability to leave after an occasion.
        horizon: L in days.
        starts: first and last day on which customers start.
        days: observed.
        judged_from: the day from which silences are judged.
        slower_from: gaps that begin after this day are three times as long; None for never.
        slowing: whether the k-th gap of a customer is 1 + k/2 times as long as drawn.
        gamma: whether gaps are gamma instead of log-normal: a model that nobody told the rules of.
        customers: how many.
    """

    gaps: tuple[float, float, float, float]
    dropout: tuple[float, float]
    horizon: int
    starts: tuple[int, int] = (-200, 766)
    days: int = 1_095
    judged_from: int = 500
    slower_from: int | None = None
    slowing: bool = False
    gamma: bool = False
    customers: int = 6_000


_FAST: Final = (1.5, 1.5, 4.0, 1.8)
BASES: Final = {
    "base": Base((2.6, 1.5, 4.0, 1.8), (1.0, 9.0), 120),
    "fast": Base(_FAST, (0.5, 14.5), 45),
    "slow": Base((3.4, 2.0, 3.0, 1.6), (1.0, 4.0), 180),
    "regular": Base((2.6, 0.3, 4.0, 0.36), (1.0, 9.0), 120),
    "gamma gaps": Base((2.6, 1.5, 4.0, 1.8), (1.0, 9.0), 120, gamma=True),
}
"""The bases of the model, and one whose gaps are of another kind than the model's."""

DRIFTS: Final = {
    "no drift": Base(_FAST, (0.5, 14.5), 60),
    "three times slower from day 500": Base(_FAST, (0.5, 14.5), 60, slower_from=500),
    "everybody slows down": Base(
        (0.7, 1.5, 4.0, 1.8), (0.5, 14.5), 45, starts=(0, 40), days=440, judged_from=40, slowing=True
    ),
}
"""Planted drifts of the fast base."""


def write(base: Base, file: Path, seed: int = 1) -> None:
    """Write a base's purchases as CSV, customer by customer."""
    dice = Random(seed)
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(("customer_id", "occurred_at", "type"))
        for number in range(base.customers):
            for day in _life(base, dice):
                if 0 <= day < base.days:
                    rows.writerow((f"c{number:05}", format_time(START + round(day * DAY)), "purchase"))


def _life(base: Base, dice: Random) -> Iterator[float]:
    """The days on which one customer buys, until they leave or the time is over."""
    m0, kappa0, a0, b0 = base.gaps
    variance = b0 / dice.gammavariate(a0, 1.0)
    mean = dice.gauss(m0, (variance / kappa0) ** 0.5)
    leaves = dice.betavariate(*base.dropout)
    day, k = dice.uniform(*base.starts), 0
    while day < base.days:
        yield day
        if dice.random() < leaves:
            return
        k += 1
        day += _gap(base, dice, mean, variance) * _stretched(base, day, k)


def _gap(base: Base, dice: Random, mean: float, variance: float) -> float:
    """A gap in days as the customer's own rhythm has it."""
    if base.gamma:
        shape = min(max(1.0 / variance, 1.0), 8.0)
        return dice.gammavariate(shape, 1.3 * exp(mean) / shape)
    return dice.lognormvariate(mean, variance**0.5)


def _stretched(base: Base, day: float, k: int) -> float:
    """How many times longer the k-th gap is, by the drift."""
    if base.slowing:
        return 1.0 + k / 2.0
    return 3.0 if base.slower_from is not None and day > base.slower_from else 1.0


def main() -> None:
    """Write a base to a file, from the command line."""
    parser = ArgumentParser(
        prog="python -m devkit.bases", description="Writes a simulated customer base as CSV."
    )
    parser.add_argument("base", choices=[*BASES, *DRIFTS])
    parser.add_argument("file", type=Path)
    parser.add_argument("--customers", type=int)
    parser.add_argument("--days", type=int)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    base = (BASES | DRIFTS)[asked.base]
    base = replace(base, customers=asked.customers or base.customers, days=asked.days or base.days)
    write(base, asked.file, asked.seed)


if __name__ == "__main__":
    main()
