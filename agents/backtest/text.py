"""The report of a backtest as text for a terminal."""

from collections.abc import Iterator
from typing import Any

from .report import FIXED_DAYS

Data = dict[str, Any]
Rows = list[list[str]]


def text_of(data: Data) -> str:
    """The whole report."""
    return "\n".join(_lines(data))


def _lines(data: Data) -> Iterator[str]:
    yield span_line(data["history"])
    for policy in data["policies"]:
        yield from ("", f"Policy {policy['name']} ({policy['version'][:12]})", "")
        yield from _table(signal_rows(policy))
        for kind, found in policy["silence"].items():
            yield from ("", f"{kind}: {promise_line(found)}", f"  {trials_line(found)}")
            yield from (f"  {line}" for line in _table(silence_rows(kind, found)))
            yield f"  {lead_line(found)}"
        yield from ("", messages_line(policy["messages"]))
    if "difference" in data:
        found = data["difference"]
        yield from ("", difference_line(found))
        yield from _table(difference_rows(found))
        yield from (f"  {line}" for line in who_differs(found))


def span_line(history: Data) -> str:
    """What was read, and from when on it was judged."""
    left_out = f"; {history['left_out']:,} rows left out" if history["left_out"] else ""
    return (
        f"{history['events']:,} events of {history['customers']:,} customers, {history['from'][:10]} to "
        f"{history['to'][:10]}; silences judged from {history['judged_from'][:10]}{left_out}"
    )


def signal_rows(policy: Data) -> Rows:
    """Signals by kind, and what became of them."""
    rows: Rows = [
        ["signals", "opened", "customers", "returned", "otherwise closed", "retracted", "back in 30 d"]
    ]
    for kind, found in policy["signals"].items():
        returned = found["closed"].get("returned", 0)
        numbers = (found["opened"], found["customers"], returned, sum(found["closed"].values()) - returned)
        back = _percent(_back_by(policy["returns"].get(kind, []), 30))
        rows.append([kind, *(f"{n:,}" for n in numbers), f"{found['retracted']:,}", back])
    return rows if len(rows) > 1 else [["no signals"]]


def _back_by(curve: list[Data], day: int) -> float | None:
    """The share that has returned by a day after the signal."""
    if not curve:
        return None
    return max((point["share"] for point in curve if point["day"] <= day), default=0.0)


def promise_line(found: Data) -> str:
    """Which rule, and what it promised."""
    return f"rule {found['rule']}, {_promise(found)}"


def trials_line(found: Data) -> str:
    """Over how much it is judged."""
    return (
        f"{found['active']:,} silences ended within {found['horizon_days']:g} d "
        f"({found['returner_years']:,.0f} customer-years), {found['lapsed']:,} did not: they are gone"
    )


def silence_rows(kind: str, found: Data) -> Rows:
    """How often wrong and how late: the kind as a whole, fixed rules, and who pays."""
    head = ["", "false a year", "95 %", "false alarms", "false share", "precision", "of gaps"]
    rows: Rows = [[*head, "mean delay", "median", "found"], _row(kind, found)]
    noisy = found["equally_noisy"]
    if noisy is not None:
        rows.append(_row(f"fixed, as noisy: {noisy['days']:.1f} d", noisy))
    rows += [_row(f"fixed {days} d", found["fixed"][str(days)]) for days in FIXED_DAYS]
    rows += [_row(f"{part['third']} third", part) for part in found["by_cadence"]]
    rows += [_row(_occasions(part["occasions"]), part) for part in found["by_occasions"]]
    return rows


def lead_line(found: Data) -> str:
    """How much earlier than fixed days."""
    lead = ", ".join(f"{days} d {_signed(found['lead_days'][str(days)])}" for days in FIXED_DAYS)
    early = ", ".join(f"{days} d {_percent(found['earlier_than'][str(days)])}" for days in FIXED_DAYS)
    return f"days ahead of fixed days, on average: {lead}; lapses told no later than those: {early}"


def _occasions(name: str) -> str:
    return f"after {name} occasion{'' if name == '1' else 's'}"


def _promise(found: Data) -> str:
    for name, value in found["promised"].items():
        words = {
            "false_alarms_per_year": f"promised: {value:g} false alarms a customer-year",
            "precision": f"promised: {100 * value:g} of 100 signals stay right",
            "share_of_gaps": f"promised: {100 * value:g} of 100 gaps alarm",
        }
        return words[name]
    return "promises nothing"


def _row(name: str, v: Data) -> list[str]:
    yearly, precision, far = v["false_alarms_per_year"], v["precision"], v["share_of_gaps"]
    return [
        name,
        "" if yearly is None else f"{yearly['value']:.2f}",
        "" if yearly is None else f"{yearly['low']:.2f}-{yearly['high']:.2f}",
        f"{v['false_alarms']:,}",
        _percent(v["false_share"]),
        "" if precision is None else f"{precision['value']:.3f}",
        "" if far is None else _percent(far["value"]),
        _days(v["mean_delay_days"]),
        _days(v["median_delay_days"]),
        _percent(v["recall"]),
    ]


def messages_line(sent: Data) -> str:
    """How many messages, by which channels, to how many."""
    if not sent["sent"]:
        return "messages: none (nobody is written to whose consent the history does not tell)"
    channels = ", ".join(f"{name} {n:,}" for name, n in sent["by_channel"].items())
    return (
        f"messages: {sent['sent']:,} to {sent['customers']:,} customers ({channels}); "
        f"at most {sent['most_for_one']} to one"
    )


def difference_line(found: Data) -> str:
    """To how many the second policy says something else."""
    return f"Difference: {found['customers']:,} customers get other signals"


def difference_rows(found: Data) -> Rows:
    """Signals and messages of both policies side by side."""
    rows: Rows = [["", "first", "second", "difference"]]
    named = [*found["opened"].items(), *((f"messages by {name}", n) for name, n in found["messages"].items())]
    return rows + [[name, f"{a:,}", f"{b:,}", f"{b - a:+,}"] for name, (a, b) in named]


def who_differs(found: Data) -> Iterator[str]:
    """The customers that are listed, and how many are not."""
    yield from (f"{one['customer']}: {'; '.join(one['says'])}" for one in found["list"])
    if len(found["list"]) < found["customers"]:
        yield f"and {found['customers'] - len(found['list']):,} more (--all-differences lists them)"


def _table(rows: Rows) -> Iterator[str]:
    """A table for a terminal: names to the left, numbers to the right, columns as wide as needed."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for name, *numbers in rows:
        cells = [number.rjust(width) for number, width in zip(numbers, widths[1:], strict=True)]
        yield "  ".join([name.ljust(widths[0]), *cells]).rstrip()


def _days(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} d"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.1f}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"
