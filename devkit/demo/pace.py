"""How much event time lies between two ticks, so that the history takes about as long as was asked for.

Each tick is waited for, which takes some hundredths of a second, more on a busy machine. So the length of a
tick follows from what is left of both times, in whole hours; ticks of more than a day would tell of silences
too late to be answered.
"""

from streams.wire.times import DAY, HOUR

_AT_ONCE = 0.05
"""Seconds that the first ticks are taken to need, until it is known."""

_WEIGHT = 0.1
"""How much the newest tick counts in the running mean."""


class Pace:
    """The ticks of one history.

    Args:
        until: event time (ms) of the last one.
        seconds: how long all of it shall take.
    """

    def __init__(self, until: int, seconds: float) -> None:
        self._until, self._seconds = until, seconds
        self._cost = _AT_ONCE

    def first(self, event: int) -> int:
        """The first tick: the next whole hour after the first event."""
        return min(event - event % HOUR + HOUR, max(self._until, event + 1))

    def after(self, at: int, passed: float, cost: float) -> int:
        """The next tick.

        Args:
            at: the tick before (ms).
            passed: seconds since the beginning.
            cost: seconds that the history needed from the tick before that one to this one.
        """
        self._cost += (cost - self._cost) * _WEIGHT
        left = max(self._seconds - passed, self._cost)
        ticks = max(1.0, left / self._cost)
        hours = -(-(self._until - at) // int(ticks * HOUR))
        length = min(max(hours, 1) * HOUR, DAY)
        following = at - at % HOUR + length
        return max(at + 1, min(following, self._until))
