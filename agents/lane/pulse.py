"""Whether the worker still makes way, as far as it can tell itself: what ``/livez`` answers.

Most failures end the process by themselves. This is about the rest: the event loop answers, and yet
nothing is read, or nothing is carried out. It is no watchdog: it ends nothing, it only tells whoever asks.
"""

import time
from collections.abc import Callable
from typing import Final

STUCK_AFTER: Final = 60.0
"""Seconds without a turn, or with a cut that could be carried out and was not."""


class Pulse:
    """Of one lane; it counts only while partitions are assigned and recovered.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turned = clock()
        self._work_since: float | None = None

    def begin(self) -> None:
        """Recovery is over: count from here."""
        self._turned = self._clock()
        self._work_since = None

    def turned(self, *, work: bool) -> None:
        """The drain loop made a turn; ``work``: a cut is, or could be, carried out."""
        self._turned = self._clock()
        if not work:
            self._work_since = None
        elif self._work_since is None:
            self._work_since = self._turned

    def finished(self) -> None:
        """Cuts were carried out."""
        self._work_since = None

    @property
    def stuck(self) -> str:
        """What stands still; empty if nothing does."""
        now = self._clock()
        if now - self._turned > STUCK_AFTER:
            return f"nothing was read for {now - self._turned:.0f} s"
        if self._work_since is not None and now - self._work_since > STUCK_AFTER:
            return f"a cut waits, or is under way, for {now - self._work_since:.0f} s"
        return ""
