"""When the owner of a partition writes a cut, and which.

Pacing is what makes low rates cheap: one cut for all that came in ``every``, not one per fetch. Under
backlog there is no waiting. Each second a cut moves time on, with or without records. The owner keeps a few
cuts under way, each built on the one before; if one of them turns out void (somebody else's came first) all
of them are, and the chain is taken up again from what control says.

A cut wakes whom its time makes due. Where that would be very many (a base that was imported in one night, an
hour of downtime) time moves in shorter strides: what comes in meanwhile waits for a small cut and not for the
whole mass, and the deadlines, which are already late, for a little longer.
"""

from collections.abc import Mapping
from typing import NamedTuple

from streams.wire.control import Cut

from .cuts import ControlLog, WaitingTick

MAX_AHEAD = 2
"""Cuts of one partition that may be written and not carried out yet: one is read back while one is executed.
More would not make a slow broker faster, they would only make records wait in line; larger cuts do."""

TIME_MOVES_EVERY = 1.0
"""Seconds after which a cut is written though no record waits, so that silence is noticed."""

EARLY = 0.8
"""The share of ``every`` after which a cut may be written: the look before may have come a little early."""


MOST_WOKEN = 500
"""Customers that the time of one cut shall wake at most, as far as that can be known before: some 30 ms."""

LONGEST_STRIDE = 3_600_000
SHORTEST_STRIDE = 100
"""Milliseconds by which a cut may move time: at least twice the usual pace, so that time catches up."""


class Pace(NamedTuple):
    """How often, and how much at once.

    Attributes:
        every: Seconds between two cuts of a partition in which records wait.
        limit: Most records of one cut; bounds the longest stall.
    """

    every: float
    limit: int


class Proposer:
    """The cuts of one partition that its owner writes.

    Args:
        epoch: The owner's epoch.
        pace: How often, and how much.
    """

    __slots__ = (
        "_at",
        "_broken",
        "_cut_at",
        "_ends",
        "_epoch",
        "_moved_at",
        "_n",
        "_origin",
        "_pace",
        "_stride",
        "under_way",
    )

    def __init__(self, epoch: int, pace: Pace) -> None:
        self._epoch = epoch
        self._pace = pace
        self._n = 0
        self._at = 0
        self._origin: Mapping[str, int] = {}
        self._ends: Mapping[str, int] = {}
        self._cut_at = 0.0
        self._moved_at = 0.0
        self._broken = False
        self._stride = LONGEST_STRIDE
        self.under_way = 0

    def take_up(self, log: ControlLog, positions: Mapping[str, int]) -> None:
        """Build on what control says; ``positions`` are the ends if there was no cut yet."""
        self._n, self._at, self._origin = log.n, log.at, dict(positions)
        self._ends = positions if log.ends is None else {**positions, **log.ends}
        self._broken = False
        self.under_way = 0

    def settled(self, log: ControlLog, *, valid: bool) -> None:
        """One of our cuts was read back."""
        self.under_way = max(0, self.under_way - 1)
        self._broken = self._broken or not valid
        if self._broken and not self.under_way:
            self.take_up(log, self._origin)

    def waiting(self, fetched: Mapping[str, int]) -> int:
        """Records that no cut names yet."""
        return sum(fetched.values()) - sum(self._ends.get(topic, 0) for topic in fetched)

    def by_wall(
        self, log: ControlLog, now: float, fetched: Mapping[str, int], complete_until: int | None
    ) -> Cut | None:
        """The next cut, if it is time for one.

        Args:
            log: Control as it was read; cuts in its queue are not carried out yet.
            now: A monotonic clock, seconds.
            fetched: What the inbox has of each input.
            complete_until: The moment (ms) up to which every input is known to be in the inbox.
        """
        if self._broken or self.under_way + len(log.queue) >= MAX_AHEAD:
            return None
        waiting = self.waiting(fetched)
        moves = now - self._moved_at >= TIME_MOVES_EVERY and (complete_until or 0) > self._at
        full = waiting >= self._pace.limit
        if not (full or moves or (waiting > 0 and now - self._cut_at >= self._pace.every * EARLY)):
            return None
        ends, whole = self._capped(fetched)
        at = self._at
        if whole and complete_until is not None and complete_until > at:
            at = min(complete_until, at + self._stride) if at else complete_until
            if at == complete_until:  # else time is behind, and the next cut moves it on without waiting
                self._moved_at = now
        return self._next(now, at, ends, None)

    def woke(self, customers: int, moved: int) -> None:
        """A cut was carried out that moved time by so much (ms) and so woke so many customers."""
        if customers > MOST_WOKEN:
            self._stride = min(max(moved * MOST_WOKEN // customers, SHORTEST_STRIDE), LONGEST_STRIDE)
        elif customers < MOST_WOKEN // 2:
            self._stride = min(2 * self._stride, LONGEST_STRIDE)

    def by_tick(self, now: float, tick: WaitingTick, ends: Mapping[str, int]) -> Cut | None:
        """The cut that answers a tick, once its inputs are here; one at a time."""
        if self._broken or self.under_way:
            return None
        whole = {topic: max(end, self._ends.get(topic, 0)) for topic, end in ends.items()}
        return self._next(now, tick.at, whole, tick.offset)

    def anew(self, now: float, n: int, ends: Mapping[str, int]) -> Cut:
        """The cut that begins the chain anew after a loss that was accepted; it applies nothing."""
        self._n, self._ends, self._cut_at = n, dict(ends), now
        self.under_way += 1
        return Cut(epoch=self._epoch, n=n, at=self._at, from_=dict(ends), ends=dict(ends), after_loss=True)

    def _next(self, now: float, at: int, ends: Mapping[str, int], tick: int | None) -> Cut:
        start = {topic: self._ends.get(topic, end) for topic, end in ends.items()}
        cut = Cut(epoch=self._epoch, n=self._n + 1, at=at, from_=start, ends=dict(ends), tick=tick)
        self._n, self._at, self._ends, self._cut_at = cut.n, at, dict(ends), now
        self.under_way += 1
        return cut

    def _capped(self, fetched: Mapping[str, int]) -> tuple[dict[str, int], bool]:
        """Ends with at most ``limit`` records, each input its share; and whether that is everything."""
        total = self.waiting(fetched)
        ends = {topic: max(end, self._ends.get(topic, end)) for topic, end in fetched.items()}
        if total <= self._pace.limit:
            return ends, True
        share = self._pace.limit / total
        for topic, end in ends.items():
            start = self._ends.get(topic, end)
            # At least one where records wait: with a limit below the number of inputs all shares may be 0.
            ends[topic] = start + max(int((end - start) * share), min(end - start, 1))
        return ends, False
