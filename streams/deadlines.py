"""When to look at whom: the due-time index of a partition.

Keys lie in one list per hour until their hour comes; then they move to a heap with their exact moments. So
a million customers cost a reference each, and a look with nothing due is one comparison, however many
there are. An entry is a hint: the row's own ``wake_at`` is the truth, and whoever takes a key out looks
there and files it again if it moved on. For every row that wants to wake there is an entry at or before
that moment.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR: Final = 3_600_000


class Deadlines:
    """Keys by the moment (ms) at which to look at them."""

    def __init__(self) -> None:
        self._near: list[tuple[int, bytes]] = []
        self._far: dict[int, list[bytes]] = {}
        self._hours: list[int] = []
        self._horizon = -1

    def __len__(self) -> int:
        """How many entries there are, outdated ones included."""
        return len(self._near) + sum(map(len, self._far.values()))

    def file(self, key: bytes, at: int) -> None:
        """Have ``key`` looked at when the time reaches ``at`` (ms)."""
        hour = at // HOUR
        if hour <= self._horizon:
            heappush(self._near, (at, key))
            return
        waiting = self._far.get(hour)
        if waiting is None:
            self._far[hour] = [key]
            heappush(self._hours, hour)
        else:
            waiting.append(key)

    def take(self, now: int, wake_of: Callable[[bytes], int]) -> list[bytes]:
        """Take out the keys that are due at ``now`` (ms), each once, in the order of their keys.

        ``wake_of`` tells a key's true moment, 0 for never; a key whose moment is later is filed again.
        """
        if self._hours and self._hours[0] <= now // HOUR:
            self._bring_near(now // HOUR, wake_of)
        due: set[bytes] = set()
        while self._near and self._near[0][0] <= now:
            _, key = heappop(self._near)
            if key in due:
                continue
            wake = wake_of(key)
            if wake and wake <= now:
                due.add(key)
            elif wake:
                self.file(key, wake)
        return sorted(due)

    def _bring_near(self, hour: int, wake_of: Callable[[bytes], int]) -> None:
        """Move the keys of all hours up to this one to the heap, with their exact moments."""
        self._horizon = max(self._horizon, hour)
        brought: list[bytes] = []
        while self._hours and self._hours[0] <= hour:
            brought += self._far.pop(heappop(self._hours))
        near = self._near
        for key in set(brought):
            wake = wake_of(key)
            if wake and wake // HOUR <= self._horizon:
                near.append((wake, key))
            elif wake:
                self.file(key, wake)
        heapify(near)
