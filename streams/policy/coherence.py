"""Whether values that are right by themselves make sense together.

Works on the document as it was written, even if other parts are wrong: everything is told at once.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from ..wire.times import DAY, HOUR
from .channels import BUILT_IN
from .durations import text_of
from .names import SILENCE_KINDS
from .plays import flat
from .problems import Finding, Path
from .raw import duration, steps, table, tables, text
from .triggers import Trigger, never_so

_RULE_READS: Final = {
    "yearly": {"per_year", "horizon"},
    "steered": {"per_year", "horizon"},
    "precision": {"precision", "horizon"},
    "quantile": {"alpha", "horizon"},
    "fixed": {"after"},
}
_OF_RULES: Final = ("per_year", "precision", "alpha", "after", "horizon")


def coherence(given: Mapping[str, Any]) -> Iterator[Finding]:
    """Everything that does not fit together."""
    detect = table(given, "detect")
    for kind in SILENCE_KINDS:
        yield from _unread(kind, table(detect, kind))
        yield from _bounds(kind, table(detect, kind))
    for name, play in tables(table(given, "plays")):
        yield from _conditions(("plays", name), play)
        yield from _where(("plays", name), play)
        yield from _order(("plays", name), play)
    yield from _spacing(given)
    yield from _visit_days(given)
    if not given.get("plays"):
        yield Finding(
            (), "there are no plays: lapses will be signalled, and nothing done about them", "warning"
        )


def _unread(kind: str, own: Mapping[str, Any]) -> Iterator[Finding]:
    """The commonest slip: `after = "30d"` without `rule = "fixed"`."""
    rule = text(own, "rule", "yearly")
    for name in _OF_RULES:
        if name in own and name not in _RULE_READS.get(rule, {name}):
            others = ", ".join(other for other, reads in _RULE_READS.items() if name in reads)
            message = f'rule "{rule}" does not read it (it is for {others})'
            yield Finding(("detect", kind, name), message, "warning", "key")


def _bounds(kind: str, own: Mapping[str, Any]) -> Iterator[Finding]:
    least, most = duration(own, "at_least", 1 * DAY), duration(own, "at_most", 180 * DAY)
    if least is not None and most is not None and least > most:
        written = "at_least" if "at_least" in own else "at_most"
        message = f"at_least ({text_of(least)}) is longer than at_most ({text_of(most)})"
        yield Finding(("detect", kind, written), message)


def _conditions(path: Path, play: Mapping[str, Any]) -> Iterator[Finding]:
    for number, step in enumerate(steps(play)):
        if "unless" in step and "if" in step:
            yield Finding((*path, "steps", number, "if"), "a step has `unless` or `if`, not both", at="key")


def _where(path: Path, play: Mapping[str, Any]) -> Iterator[Finding]:
    given, trigger = table(play, "where"), Trigger.of(text(play, "on"))
    for place, value in flat(given).items():
        reason = never_so(trigger, place, value)
        if reason is not None:
            yield Finding((*path, "where", *([place] if place in given else place.split("."))), reason)


def _order(path: Path, play: Mapping[str, Any]) -> Iterator[Finding]:
    moments = [duration(step, "after", 0) for step in steps(play)]
    for number, (before, after) in enumerate(pairwise(moments), start=1):
        if before is not None and after is not None and after < before:
            message = (
                f"comes before the step above it ({text_of(before)}): put the steps in the order of time"
            )
            yield Finding((*path, "steps", number, "after"), message)


def _spacing(given: Mapping[str, Any]) -> Iterator[Finding]:
    campaign = table(given, "campaign")
    spacing, within = duration(campaign, "spacing", 4 * HOUR), duration(campaign, "within", 48 * HOUR)
    channels = len({*BUILT_IN, *table(given, "channels")})
    if spacing is not None and within is not None and (channels - 1) * spacing > within:
        message = f"{channels} channels {text_of(spacing)} apart do not fit into {text_of(within)}"
        yield Finding(("campaign", "spacing" if "spacing" in campaign else "within"), message, "warning")


def _visit_days(given: Mapping[str, Any]) -> Iterator[Finding]:
    """Visit days are kept while messages are ignored, and D3 counts no others."""
    consistent = duration(table(given, "deaf"), "consistent", 30 * DAY)
    within = duration(table(given, "visit"), "regular_within", 28 * DAY)
    if consistent is not None and within is not None and within > consistent:
        message = (
            f"visit days are counted from when messages are ignored: in {text_of(consistent)} "
            f"(deaf.consistent) there may be fewer than in {text_of(within)}"
        )
        where = ("visit", "regular_within") if "visit" in given else ("deaf", "consistent")
        yield Finding(where, message, "warning")
