"""The report of a backtest as one HTML page that needs nothing else: no script, font or picture."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from html import escape
from typing import Any, Final

from . import svg, text

Data = dict[str, Any]

_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem;
  margin: 2rem auto; padding: 0 1rem; color: #222 }
h1, h2, h3 { line-height: 1.2 } h2 { border-top: 2px solid #1b6ca8; padding-top: .6rem; margin-top: 2.4rem }
table { border-collapse: collapse; margin: .8rem 0; font-variant-numeric: tabular-nums }
td, th { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid #eee }
td:first-child, th:first-child { text-align: left }
svg { width: 100%; max-width: 42rem; display: block; margin: .8rem 0; font-size: 11px }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(26rem, 1fr)); gap: 1rem }
figcaption { color: #555 } figure { margin: 0 }
"""


def page_of(data: Data) -> str:
    """The whole page."""
    body = "\n".join(_body(data))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>Backtest</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _body(data: Data) -> Iterator[str]:
    yield "<h1>Backtest</h1>"
    yield _paragraph(text.span_line(data["history"]))
    for policy in data["policies"]:
        yield f"<h2>Policy {escape(policy['name'])} <small>{policy['version'][:12]}</small></h2>"
        yield _table(text.signal_rows(policy))
        yield _paragraph(text.messages_line(policy["messages"]))
        yield '<div class="plots">'
        yield _figure(_opened(policy), "Episodes that opened, by week.")
        yield _figure(_returns(policy), "Who came back: the share by the day after the signal.")
        yield "</div>"
        for kind, found in policy["silence"].items():
            yield from _silence(kind, found)
    if "difference" in data:
        yield from _difference(data["difference"])


def _silence(kind: str, found: Data) -> Iterator[str]:
    yield f"<h3>{kind}</h3>"
    yield _paragraph(f"{text.promise_line(found)}. {text.trials_line(found)}.")
    yield _table(text.silence_rows(kind, found))
    yield _paragraph(text.lead_line(found))
    yield '<div class="plots">'
    for parts, name, what in _PARTS:
        rows = found[parts]
        groups = [row[name] for row in rows]
        for caption, up, number in _PLOTTED:
            own = [number(row) for row in rows]
            fixed = [number(row["equally_noisy"]) if row["equally_noisy"] else None for row in rows]
            drawn = svg.bars(groups, {"this rule": own, "fixed days, as noisy": fixed}, up)
            yield _figure(drawn, f"{caption}, by {what}.")
    yield "</div>"


_PARTS: Final = (
    ("by_cadence", "third", "thirds of the own typical gap"),
    ("by_occasions", "occasions", "occasions so far"),
)


def _yearly(numbers: Data) -> float | None:
    found = numbers["false_alarms_per_year"]
    return None if found is None else float(found["value"])


def _delay(numbers: Data) -> float | None:
    found = numbers["median_delay_days"]
    return None if found is None else float(found)


_PLOTTED: Final[Sequence[tuple[str, str, Callable[[Data], float | None]]]] = (
    ("Who pays: false alarms", "false alarms a year", _yearly),
    ("How late a lapse is told (median)", "days", _delay),
)


def _opened(policy: Data) -> str:
    """Episodes that opened by week, a line for each kind; the weeks are counted from the first signal."""
    opened = {kind: _weeks(days) for kind, days in policy["days"].items()}
    first = min((min(weeks) for weeks in opened.values() if weeks), default=0)
    lines = {
        kind: [(float(week - first), float(weeks.get(week, 0))) for week in range(first, max(weeks) + 1)]
        for kind, weeks in opened.items()
        if weeks
    }
    return svg.lines(lines, "weeks since the first signal", "episodes a week")


def _weeks(days: Data) -> dict[int, int]:
    """Opened episodes by week."""
    numbers: dict[int, int] = {}
    for day, counts in days.items():
        week = date.fromisoformat(day).toordinal() // 7
        numbers[week] = numbers.get(week, 0) + counts.get("opened", 0)
    return numbers


def _returns(policy: Data) -> str:
    """Time to return: a line for each kind."""
    lines = {
        kind: [(0.0, 0.0), *((float(point["day"]), 100.0 * point["share"]) for point in curve)]
        for kind, curve in policy["returns"].items()
        if curve
    }
    return svg.lines(lines, "days since the signal", "% returned")


def _difference(found: Data) -> Iterator[str]:
    yield "<h2>Difference</h2>"
    yield _paragraph(text.difference_line(found))
    yield _table(text.difference_rows(found))
    yield "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in text.who_differs(found)) + "</ul>"


def _table(rows: text.Rows) -> str:
    head, *rest = rows
    lines = ["".join(f"<th>{escape(cell)}</th>" for cell in head)]
    lines += ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rest]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _figure(drawn: str, caption: str) -> str:
    return f"<figure>{drawn}<figcaption>{escape(caption)}</figcaption></figure>" if drawn else ""


def _paragraph(words: str) -> str:
    return f"<p>{escape(words)}</p>"
