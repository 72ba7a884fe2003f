"""What the contenders know in the end, and whether it is the same: checked before any number is believed."""

from collections.abc import Mapping
from typing import NamedTuple


class Seen(NamedTuple):
    """What is known of a customer: events (None: not counted), delivered emails, last sign of life (ms)."""

    events: int | None
    emails: int
    last: int


Known = Mapping[bytes, Seen]


class Outcome(NamedTuple):
    """What a contender knows: events and emails in total, and of each customer if it keeps any state."""

    events: int
    emails: int
    known: Known | None


def differences(outcomes: Mapping[str, Outcome], sent: int) -> list[str]:
    """Say wherein contenders differ, from what was sent and from one another; nothing if they are equal."""
    found = [
        f"{name}: {outcome.events:,} events taken in, {sent:,} were sent"
        for name, outcome in outcomes.items()
        if outcome.events != sent
    ]
    first, *others = outcomes
    found += [
        f"{name}: {outcomes[name].emails:,} emails, {first}: {outcomes[first].emails:,}"
        for name in others
        if outcomes[name].emails != outcomes[first].emails
    ]
    keeping = {name: outcome.known for name, outcome in outcomes.items() if outcome.known is not None}
    return found + _of_customers(keeping, sent)


def _of_customers(keeping: Mapping[str, Known], sent: int) -> list[str]:
    if not keeping:
        return []
    (first, base), *others = keeping.items()
    found = []
    for name, known in others:
        unlike = sum(not _alike(base.get(key), known.get(key)) for key in base.keys() | known.keys())
        if unlike:
            found.append(f"{name}: other than {first} for {unlike:,} customers")
    for name, known in keeping.items():
        counted = [seen.events for seen in known.values() if seen.events is not None]
        if counted and sum(counted) != sent:
            found.append(f"{name}: {sum(counted):,} events over all customers, {sent:,} were sent")
    return found


def _alike(one: Seen | None, other: Seen | None) -> bool:
    if one is None or other is None:
        return False
    if one.events is not None and other.events is not None and one.events != other.events:
        return False
    return one[1:] == other[1:]
