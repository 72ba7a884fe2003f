"""The crowd of a scenario: ordinary customers around the named ones, so that something is known of everybody.

They visit, use the app and buy, each in an own rhythm; some leave. The same seed gives the same crowd.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Final, NamedTuple

from streams.wire.times import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .given import Given

_MOST: Final = 5_000
_SPREAD: Final = 0.45
_LEAVES: Final = 0.3
"""The share of them who leave before the end."""

_HABITS: Final = (
    ("web.visited", 0.9, 3.0),
    ("app.opened", 0.5, 2.0),
    ("store.visited", 0.4, 14.0),
    ("order.completed", 0.9, 10.0),
)
"""What they do: how many of them, and the typical gap in days."""


class Crowd(NamedTuple):
    """So many customers, by the seed that makes them."""

    customers: int
    seed: int


class Happening(NamedTuple):
    """What one of them does: at a moment (ms), who, which type of event."""

    at: int
    customer: str
    type: str


def crowd_of(given: Given) -> Crowd:
    """Read `crowd`."""
    table = given.named("crowd", ("customers", "seed"))
    if "customers" not in table:
        given.fail("a crowd needs `customers`")
    customers = table["customers"].count("customers")
    if not 0 < customers <= _MOST:
        table["customers"].fail(f"a crowd has 1 to {_MOST} customers")
    return Crowd(customers, table["seed"].count("seed") if "seed" in table else 1)


def happenings(crowd: Crowd, start: int, until: int) -> Iterator[Happening]:
    """What all of them do between two moments (ms), customer by customer."""
    for number in range(crowd.customers):
        chance = random.Random(f"{crowd.seed}-{number}")  # noqa: S311 - a made-up customer, no secret
        ends = start + int(chance.random() * (until - start)) if chance.random() < _LEAVES else until
        for type_, share, days in _HABITS:
            own = math.log(days) + chance.gauss(0.0, _SPREAD)
            if chance.random() > share:
                continue
            at = start + int(chance.random() * math.exp(own) * DAY)
            while at < ends:
                yield Happening(at, f"crowd-{number}", type_)
                at += int(math.exp(own + chance.gauss(0.0, _SPREAD)) * DAY)
