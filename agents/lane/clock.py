"""The time of a partition under the wall clock: never ahead of what was read.

`at` is the smallest, over the inputs, of the moment at which the last answered fetch was *sent*, provided
that the position has reached the high watermark of that answer. An input that is behind, paused or
unreachable keeps time where it was; so no backlog, frozen process or downtime makes anybody silent. After
an outage of the brokers time is held for a while: producers still have events queued, and send them only
now.
"""

import time
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

OUTAGE = 5_000
"""Milliseconds without an answer from a broker that count as an outage: more than a leader's move takes."""


class Answer(NamedTuple):
    """The last answered fetch of one input.

    Attributes:
        sent: When the request left (ms); ``None`` before the first answer.
        highwater: The end of the partition according to it.
        position: The offset up to which the inbox has it.
    """

    sent: int | None
    highwater: int | None
    position: int


def complete_until(answers: Iterable[Answer]) -> int | None:
    """The moment up to which every input is complete, ``None`` if one is behind."""
    moments = []
    for sent, highwater, position in answers:
        if sent is None or highwater is None or position < highwater:
            return None
        moments.append(sent)
    return min(moments, default=None)


def wall_ms() -> int:
    """Now, by this machine's clock (ms)."""
    return time.time_ns() // 1_000_000


class Clock(NamedTuple):
    """Where a lane takes the time from; the simulator hands in its own.

    Attributes:
        monotonic: Seconds that only grow.
        wall_ms: Now, as people say it (ms).
    """

    monotonic: Callable[[], float]
    wall_ms: Callable[[], int]


MACHINE: Final = Clock(time.monotonic, wall_ms)
"""The clocks of this machine."""


class Hold:
    """Holds time after an outage.

    Args:
        length: How long (ms).
    """

    __slots__ = ("_down_since", "_length", "until")

    def __init__(self, length: int) -> None:
        self._length = length
        self._down_since: dict[int, int] = {}
        self.until = 0

    def answered(self, node: int, sent: int, now: int) -> None:
        """A broker answered a fetch that had left at ``sent``."""
        if now - self._down_since.pop(node, sent) > OUTAGE:
            self.until = max(self.until, now + self._length)

    def failed(self, node: int, sent: int) -> None:
        """A fetch failed."""
        self._down_since.setdefault(node, sent)

    def taken_over(self, last_at: int, now: int, gap: int) -> int:
        """Until when the time of a partition is held whose owner changed (ms).

        A new process cannot know whether the brokers were away. If the partition's time stood still for
        longer than the death of a worker explains, it assumes so.

        Args:
            last_at: The partition's time, 0 if it never had one.
            now: The time of the takeover.
            gap: How long time stands still when a worker dies and another takes over (the session timeout).
        """
        return now + self._length if last_at and now - last_at > 2 * gap else 0
