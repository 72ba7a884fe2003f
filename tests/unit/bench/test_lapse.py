"""The simulated bases are what they say; the evaluation of silence runs small and says what it must."""

import csv
from argparse import ArgumentParser
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from math import log
from pathlib import Path
from statistics import mean

import pytest

from agents.replay.source import parse_moment
from devkit.bases import BASES, DRIFTS, START, Base, write
from devkit.bench import lapse
from devkit.bench.cdnow import ENVIRONMENT
from streams.wire.times import DAY


def days_of(base: Base, folder: Path, seed: int = 1) -> dict[str, list[float]]:
    file = folder / f"{seed}.csv"
    write(base, file, seed)
    found: dict[str, list[float]] = {}
    for row in csv.DictReader(file.open()):
        found.setdefault(row["customer_id"], []).append((parse_moment(row["occurred_at"]) - START) / DAY)
    return found


def test_a_base_is_the_same_for_a_seed_and_lies_in_the_observed_time(tmp_path: Path) -> None:
    small = replace(BASES["base"], customers=50)
    one, again = days_of(small, tmp_path), days_of(small, tmp_path)
    assert one == again != days_of(small, tmp_path, seed=2)
    assert all(0 <= day < small.days for days in one.values() for day in days)


def test_gaps_and_dropout_are_what_was_asked_for(tmp_path: Path) -> None:
    found = days_of(
        Base((2.0, 1.5, 30.0, 7.5), (1.0, 9.0), 60, starts=(0, 0), days=5_000, customers=600), tmp_path
    )
    gaps = [log(b - a) for days in found.values() for a, b in pairwise(days)]
    own = [mean(log(b - a) for a, b in pairwise(d)) for d in found.values() if len(d) > 1]
    assert abs(mean(own) - 2.0) < 0.1
    assert len(gaps) > 1_000
    once = Counter(len(days) for days in found.values())[1] / len(found)
    assert abs(once - 0.1) < 0.04  # Beta(1, 9): one in ten leaves after the first


def test_the_planted_drifts_slow_customers_down(tmp_path: Path) -> None:
    drift = replace(DRIFTS["three times slower from day 500"], customers=300)
    found = days_of(drift, tmp_path)
    pairs = [(a, b - a) for days in found.values() for a, b in pairwise(days)]
    before = mean(log(gap) for a, gap in pairs if a < 450)
    after = mean(log(gap) for a, gap in pairs if 500 < a < 800)
    assert 0.6 < after - before < 1.4  # log 3 is 1.1; long gaps are cut off at the end


def test_the_evaluation_runs_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lapse, "BASES", {"base": replace(BASES["base"], customers=40)})
    parser = ArgumentParser()
    lapse.add_arguments(parser)
    result = lapse.run(parser.parse_args(["--on", "base", "--rules", "yearly, 1 a year"]))
    (row,) = result.rows
    assert row["active"] > 0
    assert row["false a year"] >= 0


def test_a_history_that_is_not_at_hand_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    parser = ArgumentParser()
    lapse.add_arguments(parser)
    with pytest.raises(FileNotFoundError, match="cdnow is not at hand"):
        lapse.run(parser.parse_args(["--on", "cdnow"]))
