"""When unreadable records stop the line, so that people notice a producer at fault before the numbers do.

Whoever acted in a way that we cannot read looks silent, and would be written to. So over the policy's share
of rejects, or that many in a row, the worker stops once the cut in hand is done and committed (wire.md,
Reject). It counts each topic partition on its own, in the order of its log: how cuts were spaced, or what
came on other inputs in between, changes nothing.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

WINDOW: Final = 1_000
"""Records of one topic partition that the share is of; with fewer seen only the run counts."""


class Brake:
    """Counts the rejects among the records of one topic partition, since this process owns it."""

    __slots__ = ("_late", "_run", "_seen")

    def __init__(self) -> None:
        self._seen = 0
        self._run = 0
        self._late: deque[int] = deque()  # places of the rejects among the last WINDOW records, from 1

    def feed(self, read: int, rejected_at: Sequence[int], share: float, run: int) -> str:
        """Take in the records of one cut.

        Args:
            read: How many there were.
            rejected_at: The places (from 1) of those that could not be used.
            share: Of the last `WINDOW` records; more than this stops the line.
            run: This many in a row stop it.

        Returns:
            What is over the limit, in words; empty while nothing is.
        """
        start = self._seen
        self._seen += read
        if not rejected_at and not self._late:
            return ""
        bad = {start + place for place in rejected_at}
        # Between two rejects the share only falls, except where the first whole window ends.
        looks = bad | {WINDOW} if start < WINDOW <= self._seen else bad
        said = ""
        for place in sorted(looks):
            if place in bad:
                self._note(place)
            said = said or self._over(place, share, run)
        self._forget(self._seen)
        return said

    def _note(self, place: int) -> None:
        follows = bool(self._late) and self._late[-1] == place - 1
        self._run = self._run + 1 if follows else 1
        self._late.append(place)

    def _over(self, place: int, share: float, run: int) -> str:
        self._forget(place)
        if self._run >= run and self._late[-1] == place:
            return f"{self._run} records in a row could not be used (the policy's limit: {run})"
        if place >= WINDOW and len(self._late) > share * WINDOW:
            return (
                f"{len(self._late)} of the last {WINDOW:,} records could not be used "
                f"(the policy's limit: {share * WINDOW:g})"
            )
        return ""

    def _forget(self, place: int) -> None:
        while self._late and self._late[0] <= place - WINDOW:
            self._late.popleft()
