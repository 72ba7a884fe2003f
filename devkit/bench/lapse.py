"""`lapse`: how well silence is noticed, on real histories and on simulated bases, against fixed days.

One configuration for all: the default policy, with the horizon that model.md 9 names for each set, and the
rule under test. Nothing is fitted beforehand: what is known of everybody is learnt on the way, as in the
product.
"""

import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from agents.backtest.asked import horizons_of
from agents.backtest.report import report
from agents.backtest.run import play
from agents.backtest.task import Task
from agents.backtest.verdict import Verdict, equally_noisy, verdict
from agents.replay import Mapping as Columns
from agents.replay.source import parse_moment
from devkit.bases import BASES, DRIFTS, START, Base, write
from streams.lapse.kinds import SILENCE
from streams.policy.builtin import DEFAULT
from streams.policy.model import Policy
from streams.policy.parse import changed
from streams.wire.times import DAY

from .cdnow import ENVIRONMENT, data_folder
from .report import Result, Row

KIND: Final = "purchase_stopped"
RULES: Final[Mapping[str, dict[str, Any]]] = {
    "yearly, 1 a year": {"rule": "yearly", "per_year": 1.0},
    "steered, 1 a year": {"rule": "steered", "per_year": 1.0},
    "precision 0.7": {"rule": "precision", "precision": 0.7},
    "quantile 5 %": {"rule": "quantile", "alpha": 0.05},
}
"""Each is the default policy but for this."""

PRECISIONS: Final = (0.25, 0.4, 0.55, 0.7, 0.8, 0.9)
"""Levels of the rule `precision`, between which the one that alarms in ten of a hundred gaps is found."""
FAR: Final = 0.10


@dataclass(frozen=True)
class Set:
    """A history and how it is judged: the moment from which on (ms), and the horizon in days."""

    file: Path
    since: int
    horizon: int


@dataclass(frozen=True)
class Real:
    """A set of `../shared/data`: from which day on it is judged, and its horizon in days (model.md 9)."""

    since: str
    horizon: int


REAL: Final = {
    "cdnow": Real("1997-10-01", 180),
    "online-retail": Real("2011-06-01", 90),
    "completejourney": Real("2017-06-01", 60),
    "sim-shop": Real("2024-07-01", 90),
}


def add_arguments(parser: ArgumentParser) -> None:
    """Say what is measured on what."""
    parser.add_argument("--on", nargs="*", choices=[*REAL, *BASES, *DRIFTS], default=[*REAL, *BASES, *DRIFTS])
    parser.add_argument("--rules", nargs="*", choices=list(RULES), default=list(RULES))
    parser.add_argument("--far", action="store_true", help="also the delay where ten of a hundred gaps alarm")
    parser.add_argument("--seed", type=int, default=1, help="of the simulated bases")
    parser.add_argument("--processes", type=int, default=1)


def run(options: Namespace) -> Result:
    """Measure.

    Raises:
        FileNotFoundError: a history is not at hand.
    """
    result = Result("lapse")
    result.notes.append(
        "purchases; the default policy but for the rule and the horizon; priors learnt on the way"
    )
    with tempfile.TemporaryDirectory(prefix="holdfast-lapse-") as folder:
        for name in options.on:
            one = _set(name, Path(folder), options.seed)
            result.rows += _rows(name, one, options)
            if options.far:
                result.notes.append(_at_ten_percent(name, one, options.processes))
                print(result.notes[-1], flush=True)
    return result


def _rows(name: str, one: Set, options: Namespace) -> list[Row]:
    """The lines of a history, printed as they come: all of it takes a while."""
    if not options.rules:
        return []
    found, _ = _judged(one, [RULES[rule] for rule in options.rules], options.processes)
    rows = [_row(name, rule, silence) for rule, silence in zip(options.rules, found, strict=True)]
    for row in rows:
        print(row, flush=True)
    return rows


def _set(name: str, folder: Path, seed: int) -> Set:
    """A history by its name; a simulated one is made."""
    if name in REAL:
        real = REAL[name]
        file = data_folder() / name / "events.csv.gz"
        if not file.is_file():
            raise FileNotFoundError(
                f"the history {name} is not at hand: no {file} ({ENVIRONMENT} names the folder)"
            )
        return Set(file, parse_moment(real.since), real.horizon)
    base: Base = (BASES | DRIFTS)[name]
    file = folder / f"{name}.csv"
    write(base, file, seed)
    return Set(file, START + base.judged_from * DAY, base.horizon)


def _judged(
    one: Set, rules: Sequence[Mapping[str, Any]], processes: int
) -> tuple[list[dict[str, Any]], Verdict]:
    """What some rules came to on a history, and the trials of it under the first."""
    with tempfile.TemporaryDirectory(prefix="holdfast-lapse-") as folder:
        policies = tuple(_policy(rule, one.horizon) for rule in rules)
        task = Task(
            files=(one.file,),
            mapping=Columns(),
            only=frozenset({"purchase"}),
            policies=policies,
            horizons=horizons_of(policies[0]),
            folder=Path(folder),
            since=one.since,
        )
        played = play(task, processes, _Nobody())
    told = [policy["silence"][KIND] for policy in report(task, played)["policies"]]
    return told, verdict(played.trials, "purchase", 0)


def _policy(rule: Mapping[str, Any], horizon: int) -> Policy:
    """The default policy with this rule; the other kinds are off, they would only take time."""
    others = {kind: {"enabled": False} for kind in SILENCE.values() if kind != KIND}
    return changed(DEFAULT, {"detect": {**others, KIND: {**rule, "horizon": f"{horizon}d"}}, "plays": None})


def _row(name: str, rule: str, found: Mapping[str, Any]) -> Row:
    """One line of the table."""
    yearly, noisy = found["false_alarms_per_year"], found["equally_noisy"]
    row: Row = {
        "history": name,
        "rule": rule,
        "active": found["active"],
        "lapsed": found["lapsed"],
        "false a year": yearly["value"],
        "95 %": f"{yearly['low']:.2f}-{yearly['high']:.2f}",
        "of gaps": found["share_of_gaps"]["value"],
        "precision": found["precision"]["value"] if found["precision"] else None,
        "delay, d": found["mean_delay_days"],
        "as noisy: fixed, d": noisy["days"] if noisy else None,
    }
    for part in found["by_cadence"]:
        far = part["share_of_gaps"]
        row[f"{part['third']}: of gaps"] = far["value"] if far else None
    for part in found["by_cadence"][:1]:
        row["fast: median delay, d"] = part["median_delay_days"]
    for part in found["by_occasions"]:
        yearly = part["false_alarms_per_year"]
        if part["occasions"] in ("1", "2-3"):
            row[f"{part['occasions']} occasions: of gaps"] = (part["share_of_gaps"] or {}).get("value")
    return row


def _at_ten_percent(name: str, one: Set, processes: int) -> str:
    """The mean delay where ten of a hundred gaps alarm, against fixed days."""
    found, trials = _judged(one, [{"rule": "precision", "precision": c} for c in PRECISIONS], processes)
    fixed = equally_noisy(trials, FAR * trials.active) or 0.0
    points = [
        (silence["share_of_gaps"]["value"], silence["mean_delay_days"], c)
        for silence, c in zip(found, PRECISIONS, strict=True)
    ]
    for (far1, delay1, c1), (far2, delay2, c2) in pairwise(points):
        if far1 >= FAR >= far2:
            part = (far1 - FAR) / (far1 - far2) if far1 > far2 else 0.0
            delay, c = delay1 + part * (delay2 - delay1), c1 + part * (c2 - c1)
            told = f"{delay:.1f} d under `precision` (of about {c:.2f}), {fixed:.1f} d with fixed days"
            return f"{name}: where 10 % of gaps alarm the mean delay is {told}"
    return f"{name}: 10 % of gaps lie outside what was tried: {points}"


class _Nobody:
    """Nobody watches how far it is."""

    def read(self, size: int) -> None:
        """Bytes were read."""

    def days(self, number: int) -> None:
        """Days are to be played."""

    def day(self, at: int) -> None:
        """A day was played."""
