"""The report of a backtest as text for a terminal."""

from collections.abc import Iterator
from typing import Any

from .report import FIXED_DAYS, lines_of

Data = dict[str, Any]


def text_of(data: Data) -> str:
    """The whole report."""
    return "\n".join(_lines(data))


def _lines(data: Data) -> Iterator[str]:
    history = data["history"]
    yield (
        f"{history['events']:,} events of {history['customers']:,} customers, "
        f"{history['from'][:10]} to {history['to'][:10]}; judged from {history['judged_from'][:10]}"
    )
    if history["left_out"]:
        yield f"{history['left_out']:,} rows left out"
    for policy in data["policies"]:
        yield ""
        yield f"Policy {policy['name']} ({policy['version'][:12]})"
        yield from _signals(policy)
        for kind, found in policy["silence"].items():
            yield from _silence(kind, found)
        yield from _messages(policy)
    if "difference" in data:
        yield from _difference(data["difference"])


def _signals(policy: Data) -> Iterator[str]:
    yield ""
    rows: list[list[object]] = [
        ["signals", "opened", "customers", "returned", "otherwise closed", "retracted", "back in 30 d"]
    ]
    for kind, found in policy["signals"].items():
        returned = found["closed"].get("returned", 0)
        others = sum(found["closed"].values()) - returned
        rows.append(
            [
                kind,
                f"{found['opened']:,}",
                f"{found['customers']:,}",
                f"{returned:,}",
                f"{others:,}",
                f"{found['retracted']:,}",
                _percent(_back_by(policy["returns"].get(kind, []), 30)),
            ]
        )
    if len(rows) == 1:
        yield "no signals"
    else:
        yield from lines_of(rows)


def _back_by(curve: list[Data], day: int) -> float | None:
    """The share that has returned by a day after the signal."""
    if not curve:
        return None
    return max((point["share"] for point in curve if point["day"] <= day), default=0.0)


def _silence(kind: str, found: Data) -> Iterator[str]:
    yield ""
    gone = f"gone is who is silent for {found['horizon_days']:g} d"
    yield f"{kind}: rule {found['rule']}, {_promise(found)}; {gone}"
    yield (
        f"  {found['active']:,} silences ended within that ({found['returner_years']:,.0f} customer-years), "
        f"{found['lapsed']:,} did not"
    )
    head: list[object] = ["", "false a year", "95 %", "false", "precision", "of gaps"]
    head += ["mean delay", "median", "found"]
    rows = [head, _row(kind, found)]
    noisy = found["equally_noisy"]
    if noisy is not None:
        rows.append(_row(f"fixed, as noisy: {noisy['days']:.1f} d", noisy))
    rows += [_row(f"fixed {days} d", found["fixed"][str(days)]) for days in FIXED_DAYS]
    rows += [_row(f"{part['third']} third", part) for part in found["by_cadence"]]
    rows += [_row(f"{part['occasions']} occasions", part) for part in found["by_occasions"]]
    yield from (f"  {line}" for line in lines_of(rows))
    lead = ", ".join(f"{days} d: {_signed(found['lead_days'][str(days)])}" for days in FIXED_DAYS)
    early = ", ".join(f"{days} d: {_percent(found['earlier_than'][str(days)])}" for days in FIXED_DAYS)
    yield f"  days before a fixed rule, on average: {lead}; lapsed ones alarmed earlier than that: {early}"


def _promise(found: Data) -> str:
    for name, value in found["promised"].items():
        words = {
            "false_alarms_per_year": f"promised: {value:g} false alarms a customer-year",
            "precision": f"promised: {100 * value:g} of 100 signals stay right",
            "share_of_gaps": f"promised: {100 * value:g} of 100 gaps alarm",
        }
        return words[name]
    return "promises nothing"


def _row(name: str, v: Data) -> list[object]:
    yearly = v["false_alarms_per_year"]
    precision = v["precision"]
    far = v["share_of_gaps"]
    return [
        name,
        "" if yearly is None else f"{yearly['value']:.2f}",
        "" if yearly is None else f"{yearly['low']:.2f}-{yearly['high']:.2f}",
        f"{v['false_alarms']:,}",
        "" if precision is None else f"{precision['value']:.3f}",
        "" if far is None else _percent(far["value"]),
        _days(v["mean_delay_days"]),
        _days(v["median_delay_days"]),
        _percent(v["recall"]),
    ]


def _messages(policy: Data) -> Iterator[str]:
    yield ""
    sent = policy["messages"]
    if not sent["sent"]:
        yield "messages: none (nobody is written to whose consent the history does not tell)"
        return
    channels = ", ".join(f"{name} {n:,}" for name, n in sent["by_channel"].items())
    yield (
        f"messages: {sent['sent']:,} to {sent['customers']:,} customers ({channels}); "
        f"at most {sent['most_for_one']} to one"
    )


def _difference(found: Data) -> Iterator[str]:
    yield ""
    yield f"Difference: {found['customers']:,} customers get other signals"
    rows: list[list[object]] = [["opened", "first", "second", "difference"]]
    rows += [[kind, f"{a:,}", f"{b:,}", f"{b - a:+,}"] for kind, (a, b) in found["opened"].items()]
    rows += [
        [f"messages by {name}", f"{a:,}", f"{b:,}", f"{b - a:+,}"]
        for name, (a, b) in found["messages"].items()
    ]
    yield from lines_of(rows)
    for one in found["list"]:
        yield f"  {one['customer']}: " + "; ".join(one["says"])
    if len(found["list"]) < found["customers"]:
        yield f"  and {found['customers'] - len(found['list']):,} more (--all-differences lists them)"


def _days(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} d"


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.1f}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"
