"""What is going to happen in the shop, soonest first: the only clock that it has."""

from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush
from typing import Any

from .forms import Happening

Action = Callable[[int, Any], Iterable[Happening]]
"""Called with its moment and its argument; gives what happens at exactly that moment."""


class Agenda:
    """Actions by moment; ties go by customer, then by the order in which the customer planned them."""

    __slots__ = ("_entries", "now", "until")

    def __init__(self, until: int) -> None:
        self._entries: list[tuple[int, int, int, Action, object]] = []
        self.until = until
        self.now = 0

    def put(self, at: int, owner: int, serial: int, action: Action, argument: object = None) -> None:
        """Plan an action; nothing is planned beyond the shop's last day.

        Args:
            at: its moment; a moment already past becomes now, so that time never runs backwards.
            owner: the customer's number.
            serial: grows with each action that this customer plans.
            action: what to do then.
            argument: handed to it.
        """
        if at < self.until:
            heappush(self._entries, (max(at, self.now), owner, serial, action, argument))

    def play(self) -> Iterator[Happening]:
        """Carry the actions out in order of time, and give what happens; may be left and resumed."""
        while self._entries:
            self.now, _owner, _serial, action, argument = heappop(self._entries)
            yield from action(self.now, argument)
