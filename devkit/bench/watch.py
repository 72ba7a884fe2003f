"""How far a process is and what it has cost, looked at from outside, again and again."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from devkit.broker import ChildError

LOOK_EVERY = 0.25
WARM = 0.1
"""The share of the events after which it counts as warm: buffers are filled, the first cuts are behind it."""
STANDSTILL = 90.0
"""Seconds without an event done after which it is given up."""


class Look(NamedTuple):
    """How far it was at a moment (monotonic seconds), and the CPU seconds that it had used."""

    moment: float
    events: int
    cpu: float


class Window(NamedTuple):
    """What happened between two looks.

    Attributes:
        events: done in it.
        seconds: of wall time.
        cpu: seconds of CPU time of the process, all threads.
    """

    events: int
    seconds: float
    cpu: float

    @property
    def micros(self) -> float:
        """CPU microseconds for an event."""
        return self.cpu / self.events * 1e6

    @property
    def rate(self) -> float:
        """Events a second of wall time."""
        return self.events / self.seconds


def watch(
    look: Callable[[], Look], until: int, running: Callable[[], bool], output: Callable[[], str]
) -> list[Look]:
    """Look until so many events are done.

    Raises:
        ChildError: the process ended, or does nothing any more; the message carries what it said.
    """
    looks = [look()]
    moved = time.monotonic()
    while looks[-1].events < until:
        if not running() or time.monotonic() - moved > STANDSTILL:
            raise ChildError(f"{looks[-1].events:,} of {until:,} events were done:\n{output()}")
        time.sleep(LOOK_EVERY)
        looks.append(look())
        moved = time.monotonic() if looks[-1].events > looks[-2].events else moved
    return looks


def warm_part(looks: Sequence[Look]) -> Window:
    """From the first look at which it was warm to the last; all of it, if it was done within a look.

    Raises:
        ValueError: nothing was done.
    """
    begin, last = looks[0], looks[-1]
    if last.events == begin.events:
        raise ValueError("nothing was done between the looks")
    warm = begin.events + WARM * (last.events - begin.events)
    first = next((look for look in looks if warm <= look.events < last.events), begin)
    return between(first, last)


def between(first: Look, last: Look) -> Window:
    """What happened from one look to another."""
    return Window(last.events - first.events, last.moment - first.moment, last.cpu - first.cpu)
