"""Plots as SVG inside a page: lines and bars, of numbers alone, the same text for the same numbers."""

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, log10
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 260
_LEFT: Final = 56
_BOTTOM: Final = 34
_TOP: Final = 24
_RIGHT: Final = 12
COLOURS: Final = ("#1b6ca8", "#d9822b", "#2e8b57", "#8e44ad", "#9aa5b1", "#c0392b", "#63b7e6")
"""As in the project's other plots."""

Points = Sequence[tuple[float, float]]


def lines(series: Mapping[str, Points], across: str, up: str) -> str:
    """Lines by name, over a common scale that begins at 0; ``across`` and ``up`` say what is measured."""
    points = [point for one in series.values() for point in one]
    if not points:
        return ""
    field = _Field(max(x for x, _ in points), max(y for _, y in points))
    drawn = [
        f'<polyline fill="none" stroke="{COLOURS[n % len(COLOURS)]}" stroke-width="1.6" '
        f'points="{" ".join(f"{field.x(x):.1f},{field.y(y):.1f}" for x, y in one)}"/>'
        for n, one in enumerate(series.values())
    ]
    return _plot([*field.axes(across, up), *drawn, *_legend(list(series))])


def bars(groups: Sequence[str], series: Mapping[str, Sequence[float | None]], up: str) -> str:
    """For each group a bar of each series, side by side; None leaves a hole."""
    values = [value for one in series.values() for value in one if value is not None]
    if not values:
        return ""
    field = _Field(float(len(groups)), max(values))
    width = 0.8 / len(series)
    drawn = [
        field.bar(place + 0.1 + n * width, width, value, COLOURS[n % len(COLOURS)])
        for n, one in enumerate(series.values())
        for place, value in enumerate(one)
        if value is not None
    ]
    names = [_text(field.x(place + 0.5), HEIGHT - 16, name, "middle") for place, name in enumerate(groups)]
    return _plot([*field.axes("", up), *drawn, *names, *_legend(list(series))])


class _Field:
    """Where a point lies in the drawing.

    Args:
        right: the largest value across.
        top: the largest value upwards.
    """

    def __init__(self, right: float, top: float) -> None:
        self._right, self._step = right or 1.0, _step(top or 1.0)
        self._top = ceil((top or 1.0) / self._step) * self._step

    def x(self, value: float) -> float:
        """The place of a value across."""
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * value / self._right

    def y(self, value: float) -> float:
        """The place of a value upwards."""
        return HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * value / self._top

    def bar(self, left: float, width: float, value: float, colour: str) -> str:
        """A bar from 0 up to a value, with the value above it."""
        x, y = self.x(left), self.y(value)
        size = f'width="{self.x(width) - self.x(0):.1f}" height="{self.y(0) - y:.1f}"'
        middle = self.x(left + width / 2)
        return f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{colour}"/>' + _text(
            middle, y - 3, f"{value:.3g}", "middle"
        )

    def axes(self, across: str, up: str) -> list[str]:
        """Lines of the grid with their values, and what is measured."""
        parts = [_text(4, 12, up), _text(WIDTH - _RIGHT, HEIGHT - 2, across, "end")]
        for n in range(round(self._top / self._step) + 1):
            y = self.y(n * self._step)
            parts.append(
                f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            )
            parts.append(_text(_LEFT - 6, y + 4, f"{n * self._step:g}", "end"))
        if across:
            step = _step(self._right)
            marks = [n * step for n in range(floor(self._right / step) + 1)]
            parts += [_text(self.x(mark), HEIGHT - 16, f"{mark:g}", "middle") for mark in marks]
        return parts


def _step(largest: float) -> float:
    """A round number that divides a scale into about four parts."""
    rough = largest / 4
    unit = 10.0 ** floor(log10(rough))
    return next(unit * m for m in (1, 2, 5, 10) if unit * m >= rough)


def _legend(names: Sequence[str]) -> list[str]:
    """The names in their colours, at the top to the right; nothing for a single one."""
    if len(names) < 2:  # noqa: PLR2004 - one line needs no name
        return []
    parts, right = [], WIDTH - _RIGHT
    for n, name in reversed(list(enumerate(names))):
        right -= 7 * len(name) + 18
        parts.append(f'<rect x="{right}" y="4" width="9" height="9" fill="{COLOURS[n % len(COLOURS)]}"/>')
        parts.append(_text(right + 13, 12, name))
    return parts


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _plot(parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>'
