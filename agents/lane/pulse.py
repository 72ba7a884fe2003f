"""Whether the worker still makes way: what should move, and since when it has not.

Once a second the event loop looks at everything that should move now, and notes for each thing a mark that
changes with its progress. What keeps its mark for too long stands still; so does the event loop itself if it
does not look any more. The watchdog acts on it, and ``/livez`` tells.
"""

import time
from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .lane import Lane
    from .partition import OwnedPartition

LIMIT: Final = 45.0
"""Seconds of standing still that are too many, unless settings say otherwise."""

LOOP_BLOCKED: Final = "the event loop has been blocked"


class Pulse:
    """Of one lane. Written by the event loop, read by a thread: each change replaces a whole value.

    Args:
        clock: Monotonic seconds.
        limit: Seconds of standing still that are too many.

    Attributes:
        steps: On the way to being live: partitions claimed, records restored. turns: Of the drain loop.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, limit: float = LIMIT) -> None:
        self._clock = clock
        self.limit = limit
        self.steps = 0
        self.turns = 0
        self._looked = clock()
        self._marks: Mapping[str, tuple[Hashable, float]] = {}

    def stepped(self) -> None:
        """Something was done that others wait for."""
        self.steps += 1

    def turned(self) -> None:
        """The drain loop made a turn."""
        self.turns += 1

    def look(self, things: Mapping[str, Hashable]) -> None:
        """Take note of everything that should move now, in words, with the mark of its progress."""
        now = self._looked = self._clock()
        before = self._marks
        self._marks = {
            what: before[what] if what in before and before[what][0] == mark else (mark, now)
            for what, mark in things.items()
        }

    def fresh(self) -> None:
        """Count from here: standing still was nobody's fault in here (a pause, an outage of the brokers)."""
        now = self._looked = self._clock()
        self._marks = {what: (mark, now) for what, (mark, _) in self._marks.items()}

    @property
    def stuck(self) -> str:
        """What stands still for too long; empty if nothing does."""
        return self.standing(self.limit)

    def standing(self, limit: float) -> str:
        """The first thing that stands still for longer than that (seconds), in words."""
        return next(iter(self.all_standing(limit)), "")

    def all_standing(self, limit: float) -> list[str]:
        """Everything that does."""
        now = self._clock()
        if now - self._looked > limit:
            return [f"{LOOP_BLOCKED} for {now - self._looked:.0f} s"]
        return [
            f"{what} for {now - since:.0f} s"
            for what, (_, since) in self._marks.items()
            if now - since > limit
        ]


def things(lane: "Lane") -> dict[str, Hashable]:
    """What should move in a lane now."""
    pulse = lane.pulse
    if not lane.live:
        return {"no progress in joining the group, reading the changelog or stopping": pulse.steps}
    found: dict[str, Hashable] = {"no turn of the loop that reads": pulse.turns}
    paused = set(lane.paused())
    control = lane.catalogue.control.name
    for number, owned in lane.partitions.items():
        if not owned.clean or owned.executable:
            found[f"a cut of partition {number} waits or is under way, no part of it done"] = owned.steps
        for topic in (*lane.inputs, control):
            if (topic, number) not in paused:
                found[f"no fetch of {topic} {number} was answered"] = lane.consumer.last_answer(
                    topic, number
                )[0]
        found |= _awaited(number, owned, external=lane.external)
        if owned.committable > (committed := lane.consumer.committed_of(control, number) or 0):
            found[f"no commit of partition {number} was taken"] = committed
    return found


def _awaited(number: int, owned: "OwnedPartition", *, external: bool) -> dict[str, Hashable]:
    """Records that wait for a cut, or a cut (or a tick) that waits for its records.

    With the external clock records may wait for as long as nobody sends a tick.
    """
    found: dict[str, Hashable] = {}
    fetched = owned.inbox.fetched
    if owned.proposer.under_way or (not external and owned.proposer.waiting(fetched) > 0):
        found[f"records of partition {number} wait and no cut names them"] = owned.log.next, owned.steps
    if owned.needed() and not owned.executable:
        found[f"the records that a cut of partition {number} names do not come"] = sum(fetched.values())
    return found
