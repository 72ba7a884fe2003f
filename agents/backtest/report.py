"""The report of a backtest as plain data: what `--json` prints, and the text and the page are made from."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from streams.lapse.kinds import SILENCE
from streams.policy.detect import SilenceRule
from streams.policy.model import Policy
from streams.policy.parse import version
from streams.wire.times import DAY, format_time

from .heard import Counts
from .intervals import Interval
from .returns import curve
from .run import Played
from .task import STREAM_OF, Task
from .trials import BOTH, EXPERIENCES, Key
from .verdict import (
    THIRDS,
    Lengths,
    Verdict,
    days_of_pace,
    equally_noisy,
    of_fixed,
    third_of,
    thirds,
    verdict,
)

FIXED_DAYS = (30, 60, 90)
DIGITS = 4

Data = dict[str, Any]


class _Beside(NamedTuple):
    """The fixed rule that is as noisy on all trials, and the lengths of the gaps between them."""

    days: float
    lengths: Lengths


def report(task: Task, played: Played) -> Data:
    """All that is told of a backtest, without the difference of two policies."""
    since = played.first if task.since is None else task.since
    return {
        "history": {
            "files": [str(path) for path in task.files],
            "events": played.events,
            "customers": played.customers,
            "from": format_time(played.first),
            "to": format_time(played.last),
            "left_out": len(played.bad),
            "judged_from": format_time(since),
        },
        "policies": [_policy(task, played, number, policy) for number, policy in enumerate(task.policies)],
    }


def _policy(task: Task, played: Played, number: int, policy: Policy) -> Data:
    counts = played.counts
    return {
        "name": policy.name,
        "version": version(policy),
        "signals": _signals(counts, number),
        "silence": {
            kind: _silence(task, played.trials, number, kind, policy.detect.silences[kind])
            for kind in SILENCE.values()
            if policy.detect.silences[kind].enabled
            and any(key.stream == STREAM_OF[kind] and key.policy == BOTH for key in played.trials)
        },
        "messages": _messages(counts, number, played.customers),
        "returns": {kind: curve(counts, number, kind) for kind in _kinds(counts, number)},
        "days": _days(counts, number),
    }


def _kinds(counts: Counts, policy: int) -> list[str]:
    """The kinds that a policy said, in the order of the alphabet."""
    return sorted({key[1] for key in counts.signals if key[0] == policy})


def _signals(counts: Counts, policy: int) -> Data:
    """By kind: how often it opened, to how many customers, and how it ended."""
    found: Data = {}
    for kind in _kinds(counts, policy):
        mine = {key[2:]: n for key, n in counts.signals.items() if key[:2] == (policy, kind)}
        found[kind] = {
            "opened": sum(n for (action, _), n in mine.items() if action == "opened"),
            "customers": counts.customers[policy, kind],
            "closed": {reason: n for (action, reason), n in sorted(mine.items()) if action == "closed"},
            "retracted": sum(n for (action, _), n in mine.items() if action == "retracted"),
        }
    return found


def _silence(task: Task, trials: Mapping[Key, int], policy: int, kind: str, rule: SilenceRule) -> Data:
    """Of one kind of silence: what the rule promised, and what came of it."""
    stream, horizon = STREAM_OF[kind], task.horizons[STREAM_OF[kind]]
    mine = {key: n for key, n in trials.items() if key.stream == stream}
    whole = verdict(mine, stream, policy)
    days = equally_noisy(whole, whole.false)
    beside = None if days is None else _Beside(days, whole.gaps)
    fixed = {str(number): _numbers(of_fixed(whole, number, horizon), horizon) for number in FIXED_DAYS}
    return {
        "rule": rule.rule,
        "promised": _promised(rule),
        "horizon_days": horizon / DAY,
        **_numbers(whole, horizon),
        "lead_days": {str(n): _lead(whole, n) for n in FIXED_DAYS},
        "earlier_than": {str(n): _rounded(whole.before(n)) for n in FIXED_DAYS},
        "fixed": fixed,
        "equally_noisy": None if days is None else _noisy(whole, days, horizon),
        "by_cadence": _by_cadence(mine, stream, policy, horizon, beside),
        "by_occasions": _by_occasions(mine, stream, policy, horizon, beside),
    }


def _promised(rule: SilenceRule) -> Data:
    """What a rule promises, in the words of its measure."""
    if rule.rule in ("yearly", "steered"):
        return {"false_alarms_per_year": rule.per_year}
    if rule.rule == "precision":
        return {"precision": rule.precision}
    return {"share_of_gaps": rule.alpha} if rule.rule == "quantile" else {}


def _numbers(v: Verdict, horizon: int) -> Data:
    """The numbers of some trials; an interval is of 95 per cent."""
    return {
        "active": v.active,
        "lapsed": v.lapsed,
        "returner_years": _rounded(v.years),
        "signals_judged": v.found + v.false,
        "false_alarms": v.false,
        "false_share": _rounded(v.false / (v.found + v.false)) if v.found + v.false else None,
        "false_alarms_per_year": _interval(v.per_year),
        "share_of_gaps": _interval(v.far),
        "precision": _interval(v.precision),
        "recall": _rounded(v.recall),
        "mean_delay_days": _rounded(v.delay),
        "median_delay_days": _rounded(v.median_delay(horizon)),
        "repeated": v.repeated,
    }


def _noisy(v: Verdict, days: float, horizon: int) -> Data:
    """The fixed rule that is as noisy: after how many days, and what it comes to."""
    return {"days": _rounded(days), **_numbers(of_fixed(v, days, horizon, v.gaps), horizon)}


def _lead(v: Verdict, days: int) -> float | None:
    """How many days before a fixed rule the lapsed ones were alarmed, on average; negative is later."""
    return None if v.delay is None else _rounded(days - v.delay)


def _by_cadence(
    trials: Mapping[Key, int], stream: str, policy: int, horizon: int, beside: _Beside | None
) -> list[Data]:
    """Who pays: by thirds of the own typical gap, from four occasions on."""
    bounds = thirds(trials, stream)
    if bounds is None:
        return []
    rows = []
    for number, name in enumerate(THIRDS):
        part = verdict(trials, stream, policy, lambda key, n=number: third_of(key, bounds) == n)  # type: ignore[misc]  # bound now
        row = {
            "third": name,
            **_numbers(part, horizon),
            "equally_noisy": _part_of_noisy(part, beside, horizon),
        }
        if number < len(bounds):
            row["typical_gap_below_days"] = _rounded(days_of_pace(bounds[number]))
        rows.append(row)
    return rows


def _by_occasions(
    trials: Mapping[Key, int], stream: str, policy: int, horizon: int, beside: _Beside | None
) -> list[Data]:
    """The same by the number of occasions so far."""
    rows = []
    for number, name in enumerate(EXPERIENCES):
        part = verdict(trials, stream, policy, lambda key, n=number: key.experience == n)  # type: ignore[misc]  # bound now
        if part.active + part.lapsed:
            noisy = _part_of_noisy(part, beside, horizon)
            rows.append({"occasions": name, **_numbers(part, horizon), "equally_noisy": noisy})
    return rows


def _part_of_noisy(part: Verdict, beside: _Beside | None, horizon: int) -> Data | None:
    """What the equally noisy fixed rule does to a part of the trials."""
    if beside is None:
        return None
    return _numbers(of_fixed(part, beside.days, horizon, beside.lengths), horizon)


def _messages(counts: Counts, policy: int, customers: int) -> Data:
    """Messages by channel, and how many customers got how many."""
    each: Counter[int] = Counter(
        {number: n for (which, number), n in counts.sends_each.items() if which == policy}
    )
    sent = sum(number * n for number, n in each.items())
    each[0] = customers - sum(each.values())
    return {
        "by_channel": {channel: n for (which, channel), n in sorted(counts.sends.items()) if which == policy},
        "sent": sent,
        "customers": customers - each[0],
        "most_for_one": max(number for number, n in each.items() if n or number == 0),
        "customers_by_number": {str(number): n for number, n in sorted(each.items()) if n},
    }


def _days(counts: Counts, policy: int) -> Data:
    """By kind and day: how many episodes opened, and how many ended."""
    found: Data = {}
    for (which, kind, action, day), n in sorted(counts.days.items()):
        if which == policy:
            by_day = found.setdefault(kind, {}).setdefault(format_time(day * DAY)[:10], {})
            side = "opened" if action == "opened" else "ended"
            by_day[side] = by_day.get(side, 0) + n
    return found


def _interval(found: Interval | None) -> Data | None:
    return None if found is None else {name: _rounded(value) for name, value in found._asdict().items()}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
