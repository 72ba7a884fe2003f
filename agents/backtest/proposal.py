"""The text of what `policy fit` proposes: TOML to paste, with how sure it is beside each number."""

from collections.abc import Iterator
from math import exp

from streams.lapse.kinds import SILENCE
from streams.population import beta, prior
from streams.wire.times import format_time

from .fit import DROPOUT, NAMES, Fitted, fit, streams_in
from .run import Played
from .task import Task
from .verdict import Verdict, equally_noisy, verdict

SIGMAS = 1.96
"""Standard errors on each side of a 95 % interval."""


def proposal(task: Task, played: Played) -> str:
    """The whole text: a prior for each stream of the history, and thresholds."""
    return "\n".join(_lines(task, played))


def _lines(task: Task, played: Played) -> Iterator[str]:
    yield (
        f"# From {played.events:,} events of {played.customers:,} customers, "
        f"{format_time(played.first)[:10]} to {format_time(played.last)[:10]}."
    )
    yield "# Behind each number its 95 % interval, from leaving out each of 20 groups of customers in turn."
    streams = streams_in(played.sums[0])
    for stream in streams:
        yield ""
        yield from _prior(stream, fit(played.sums[0], stream))
    for stream in streams:
        yield ""
        yield from _threshold(task, stream, verdict(played.trials, stream, 0))


def _prior(stream: str, found: Fitted) -> Iterator[str]:
    """The table of one stream; what is not known well enough stays as it is, and says so."""
    if found.known is None:
        yield (
            f"# [prior.{stream}]: not enough: {found.customers:,} customers with two gaps or more, and "
            f"{prior.ENOUGH} are needed. The default stays."
        )
        return
    of = f"{found.customers:,} customers with two gaps or more, {found.trials:,} trials of dropout"
    yield f"[prior.{stream}]  # {of}"
    for name in NAMES:
        if name in DROPOUT and found.trials < beta.ENOUGH:
            continue
        yield _line(name, getattr(found.known, name), found.errors[name])
    if found.trials < beta.ENOUGH:
        yield f"# a, b: not enough: {found.trials:,} trials, and {beta.ENOUGH} are needed. The default stays."


def _line(name: str, value: float, error: float) -> str:
    """One number and its interval; of m0 also what it means."""
    if name == "a0" and not error:
        return f"a0 = {value!r}  # the default: fewer than {prior.ENOUGH_SPREAD} customers with three gaps"
    low, high = value - SIGMAS * error, value + SIGMAS * error
    if name != "m0":
        low = max(low, 0.0)
    note = f"  # {low:.3g} to {high:.3g}"
    if name == "m0":
        note += f"; a typical gap of {exp(value):.1f} d ({exp(low):.1f} to {exp(high):.1f})"
    return f"{name} = {float(f'{value:.6g}')!r}{note}"


def _threshold(task: Task, stream: str, v: Verdict) -> Iterator[str]:
    """What the rule kept of its promise on this history, and the fixed rule that would be as noisy."""
    kind = SILENCE[stream]
    rule = task.policies[0].detect.silences[kind]
    yield f"[detect.{kind}]"
    measured = v.per_year
    if measured is None or v.active + v.lapsed < beta.ENOUGH:
        yield f"# not enough: {v.active + v.lapsed:,} silences could be judged. The default stays."
        return
    yield (
        f'# rule = "{rule.rule}" came to {measured.value:.2f} false alarms a customer-year '
        f"({measured.low:.2f} to {measured.high:.2f}); per_year = {rule.per_year:g} is what it may."
    )
    days = equally_noisy(v, rule.per_year * v.years)
    if days is None:
        yield "# no number of days is as noisy as that."
    else:
        low, high = (equally_noisy(v, count) for count in _bounds(rule.per_year * v.years))
        yield f'# rule = "fixed" would be as noisy as that after {days:.0f} d{_between(low, high)}:'
        yield f'# after = "{max(round(days), 1)}d"'


def _bounds(count: float) -> tuple[float, float]:
    """Between which counts chance lets an expected one lie."""
    spread = SIGMAS * count**0.5
    return count + spread, max(count - spread, 0.0)


def _between(low: float | None, high: float | None) -> str:
    return f" ({low:.0f} to {high:.0f})" if low is not None and high is not None else ""
