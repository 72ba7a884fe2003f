"""Plots of what was measured, as SVG that is the same for the same numbers: no date, no random ids.

matplotlib belongs to development, so it is imported where it is needed: a benchmark runs without it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .machine import ROOT
from .report import Row

FOLDER = ROOT / "docs" / "plots"
_COLOURS = ("#1b6ca8", "#63b7e6", "#d9822b", "#9aa5b1")
_STYLE: Any = {"svg.hashsalt": "holdfast", "svg.fonttype": "none", "font.size": 9, "axes.spines.top": False}
_METADATA = {"Date": None, "Creator": None}


def bars(rows: Sequence[Row], name: str, value: str = "CPU µs/event", folder: Path = FOLDER) -> Path:
    """Bars of a value by contender, in groups of customers and load, on a logarithmic scale.

    Args:
        rows: as `contenders` has them.
        name: of the file, without its ending.
        value: the column shown.
        folder: where to.

    Returns:
        The file.
    """
    groups = list(dict.fromkeys((row["customers"], row["load"]) for row in rows))
    contenders = list(dict.fromkeys(row["contender"] for row in rows))
    figure, axes = _figure()
    width = 0.8 / len(contenders)
    for number, contender in enumerate(contenders):
        mine = {(row["customers"], row["load"]): row[value] for row in rows if row["contender"] == contender}
        places = [groups.index(group) + (number + 0.5) * width - 0.4 for group in mine]
        drawn = axes.bar(places, list(mine.values()), width, label=contender, color=_COLOURS[number % 4])
        axes.bar_label(drawn, fmt="%.3g", padding=1, fontsize=8)
    axes.set_yscale("log")
    axes.set_ylabel(f"{value} (logarithmic)")
    axes.set_xticks(range(len(groups)), [f"{customers:,} customers\n{load}" for customers, load in groups])
    axes.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1))
    return _write(figure, folder / f"{name}.svg")


def course(
    samples: Sequence[Mapping[str, float]],
    shown: Sequence[str],
    name: str,
    marks: Sequence[float] = (),
    folder: Path = FOLDER,
) -> Path:
    """Some values over time, one below the other; lines across at `marks`.

    Args:
        samples: each with `minute` and the shown values; one that is absent leaves a hole.
        shown: names of values.
        name: of the file, without its ending.
        marks: minutes.
        folder: where to.

    Returns:
        The file.
    """
    figure, all_axes = _figure(len(shown))
    for axes, value in zip([all_axes] if len(shown) == 1 else all_axes, shown, strict=True):
        minutes = [sample["minute"] for sample in samples]
        axes.plot(minutes, [sample.get(value, float("nan")) for sample in samples], color=_COLOURS[0])
        for mark in marks:
            axes.axvline(mark, color=_COLOURS[2], linewidth=0.6)
        axes.set_ylabel(value)
        axes.set_ylim(bottom=0)
    axes.set_xlabel("minutes")
    return _write(figure, folder / f"{name}.svg")


def _figure(count: int = 1) -> tuple[Any, Any]:
    import matplotlib as mpl  # noqa: PLC0415 - of development, see above
    from matplotlib.figure import Figure  # noqa: PLC0415 - the same

    mpl.rcParams.update(_STYLE)
    figure = Figure(figsize=(8, 3.2 + 1.2 * (count - 1)), layout="constrained")
    return figure, figure.subplots(count, sharex=True)


def _write(figure: Any, path: Path) -> Path:  # noqa: ANN401 - matplotlib's
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", metadata=_METADATA)
    return path
