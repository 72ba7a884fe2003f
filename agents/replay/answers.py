"""Which cuts answer which ticks: what the sender of a tick must see on control before it sends on.

Not every cut that names a tick answers it. One of a former owner, or one that does not continue the chain,
is passed over by all who read the log (design.md 4), so it is here as well: its tick is answered when the
next valid one is.
"""

from collections import deque
from typing import TYPE_CHECKING

from streams.wire.control import Cut

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Chain:
    """The newest valid cut of one partition, and the ticks that wait there."""

    __slots__ = ("at", "ends", "epoch", "n", "waiting")

    def __init__(self) -> None:
        self.epoch = -1
        self.n: int | None = None
        self.at = 0
        self.ends: Mapping[str, int] = {}
        self.waiting: deque[int] = deque()

    def take(self, cut: Cut) -> None:
        if cut.epoch < self.epoch:
            return
        self.epoch = cut.epoch
        if self.n is not None and (cut.n != self.n + 1 or cut.from_ != self.ends):
            return
        if cut.tick is not None and cut.at <= self.at:
            return
        self.n, self.at, self.ends = cut.n, max(self.at, cut.at), cut.ends
        while cut.tick is not None and self.waiting and self.waiting[0] <= cut.tick:
            self.waiting.popleft()


class Answers:
    """The ticks under way, over all partitions.

    Args:
        partitions: of control.
    """

    def __init__(self, partitions: int) -> None:
        self._chains = [_Chain() for _ in range(partitions)]

    @property
    def at(self) -> int:
        """The latest time of any partition, by the cuts seen; 0 before the first."""
        return max(chain.at for chain in self._chains)

    @property
    def under_way(self) -> int:
        """How many ticks some partition has not answered."""
        return max(len(chain.waiting) for chain in self._chains)

    def asked(self, partition: int, offset: int) -> None:
        """Note that a tick stands at this offset of control."""
        self._chains[partition].waiting.append(offset)

    def saw(self, partition: int, cut: Cut) -> None:
        """Read a cut; cuts of a partition come in order."""
        self._chains[partition].take(cut)

    def silent(self) -> list[int]:
        """List the partitions that owe an answer."""
        return [number for number, chain in enumerate(self._chains) if chain.waiting]
