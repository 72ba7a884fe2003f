"""When to look at whom: the due-time index of a partition.

Keys lie in one list per hour until their hour comes; then they move to a heap with their exact moments. So
a million customers cost a reference each, and a look with nothing due is two comparisons, however many
there are. An entry is a hint: the row's own ``wake_at`` is the truth, and whoever takes a key out looks
there and files it again if it moved on. For every row that wants to wake there is an entry at or before
that moment.
"""

from __future__ import annotations

from heapq import heappop, heappush
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

    def waits(self, now: int) -> bool:
        """Whether ``take`` has something to look at when it is ``now`` (ms)."""
        return bool(self._near and self._near[0][0] <= now) or self._has_come(now // HOUR)

    def take(self, now: int, wake_of: Callable[[bytes], int], most: int) -> list[bytes]:
        """Take out keys that are due at ``now`` (ms), by their moments and then by the order of the keys.

        ``wake_of`` tells a key's true moment, 0 for never; a key whose moment is later is filed again. At
        most ``most`` entries are looked at, so that a call costs little however many are due: ``waits``
        tells whether to call again.
        """
        if self._has_come(now // HOUR):
            most -= self._bring_near(now // HOUR, wake_of, most)
        due: list[bytes] = []
        near = self._near
        while most > 0 and near and near[0][0] <= now and not self._has_come(now // HOUR):
            entry, most = heappop(near), most - 1
            while near and near[0] == entry:  # was outdated once, and now says the same
                heappop(near)
            filed, key = entry
            wake = wake_of(key)
            if wake == filed:
                due.append(key)
            elif wake > filed:
                self.file(key, wake)
        return due

    def _has_come(self, hour: int) -> bool:
        """Whether keys still lie in the list of an hour up to this one."""
        return bool(self._hours) and self._hours[0] <= hour

    def _bring_near(self, hour: int, wake_of: Callable[[bytes], int], most: int) -> int:
        """Move at most ``most`` keys of the hours up to this one to the heap, and tell how many.

        A key whose moment is later goes there too, as of the hour it was filed for: there it meets its
        double if it was filed twice, and is filed again as one.
        """
        self._horizon = max(self._horizon, hour)
        moved = 0
        while self._has_come(hour):
            came = self._hours[0]
            waiting = self._far[came]
            while waiting:
                if moved == most:
                    return moved
                key, moved = waiting.pop(), moved + 1
                if wake := wake_of(key):
                    heappush(self._near, (wake if wake // HOUR <= self._horizon else came * HOUR, key))
            del self._far[heappop(self._hours)]
        return moved
