"""What is no longer there of what has to be applied: said in full, and passed over only if a person says so.

What a person accepts is a topic (or, for lost commits, the group) as the message of the refused start names
it, and of that only what was missing at the start: what goes missing later is refused again
(docs/decisions/0008-accepting-loss.md).
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple

from ..errors import DataLossError

OPTION = "--accept-data-loss"
START_OVER = "start over under another prefix, and replay"


class Loss(NamedTuple):
    """Something that is gone from one partition.

    Attributes:
        resource: The topic; for commits the group.
        partition: The partition.
        kind: ``cut``: the topic begins above what was applied. ``anew``: it is another one of the same name,
            or was emptied. ``commits``: there are rows and no committed offsets. ``chain``: control does not
            hold the cuts that rows name.
        start: What was applied up to, before; for commits and chain the newest cut of any row.
        end: Where reading goes on.
        former: The id of a topic that was made anew, as it was before; empty where nobody tells.
    """

    resource: str
    partition: int
    kind: Literal["cut", "anew", "commits", "chain"]
    start: int
    end: int
    former: str = ""

    @property
    def is_seen_late(self) -> bool:
        """Whether it takes the rows to see it, so that the look before the start does not."""
        return self.kind in {"commits", "chain"}

    def again(self, other: "Loss") -> bool:
        """Whether another one is this one, looked at again before the cut after it is committed.

        Cuts of the former owner that are carried out meanwhile move its start.
        """
        if self[:3] != other[:3]:
            return False
        if self.kind == "cut":
            return self.start <= other.start <= self.end
        if self.kind == "anew":
            return other.former == self.former if self.former else other.start == self.start
        return other.start >= self.start

    @property
    def skipped(self) -> int:
        """Offsets that are known to be skipped; of a topic that is gone nobody knows how many there were."""
        return self.end - self.start if self.kind == "cut" else 0

    def __str__(self) -> str:
        place = f"{self.resource} {self.partition}"
        if self.kind == "cut":
            return (
                f"{place} was applied up to {self.start}, and begins at {self.end}: "
                f"{self.skipped:,} offsets are gone"
            )
        if self.kind == "anew":
            return (
                f"{place} was applied up to {self.start} and then made anew or emptied: what stood behind "
                f"that is gone; now it is read from {self.end}"
            )
        if self.kind == "chain":
            return (
                f"{place} does not hold the cuts that rows name, of which {self.start} is the newest, and no "
                f"offset is committed: it was made anew or cut. Now it is read from {self.end}"
            )
        return (
            f"{place}: no offsets are committed, and there are rows of cut {self.start}: from the cut before "
            "that one on, control is carried out again"
        )


class Accepted:
    """What a person accepts to lose.

    Args:
        resources: Topics and groups, by full name.
    """

    def __init__(self, resources: Collection[str] = ()) -> None:
        self._resources = frozenset(resources)
        self._found: dict[tuple[str, int], Loss] | None = None
        self._starting = True

    def only(self, losses: Iterable[Loss]) -> None:
        """From here on only what is missing now is accepted, whatever goes missing later.

        Raises:
            DataLossError: something is missing that was not accepted.
        """
        found = tuple(losses)
        self.check(found)
        self._found = {loss[:2]: loss for loss in found}

    def started(self) -> bool:
        """The worker is ready: from here on nothing new is accepted; tells whether nothing was missing."""
        self._starting = False
        return bool(self._resources) and not self._found

    def settled(self, number: int) -> None:
        """Nothing is missing in a partition any more: what goes missing there again is another loss."""
        if self._found:
            self._found = {place: loss for place, loss in self._found.items() if loss.partition != number}

    def check(self, losses: Sequence[Loss]) -> None:
        """Refuse what was not accepted.

        Raises:
            DataLossError: naming each, and how to accept it.
        """
        refused = [loss for loss in losses if not self._covers(loss)]
        if not refused:
            self._note(losses)
            return
        names = dict.fromkeys(loss.resource for loss in refused)
        raise DataLossError(
            "\n  ".join(["going on would lose data:", *map(str, refused)]),
            f"restore it; or {START_OVER}; or go on without it: start once with "
            + " ".join(f"{OPTION} {name}" for name in names),
        )

    def _covers(self, loss: Loss) -> bool:
        if loss.resource not in self._resources:
            return False
        if self._found is None or (self._starting and loss.is_seen_late):
            return True
        known = self._found.get(loss[:2])
        return known is not None and known.again(loss)

    def _note(self, losses: Iterable[Loss]) -> None:
        if self._found is not None:
            self._found |= {loss[:2]: loss for loss in losses if loss.is_seen_late}
