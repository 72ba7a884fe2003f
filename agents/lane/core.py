"""What the lane expects of the pure core that it drives.

The lane knows nothing about customers. It depends on this form alone, so that its tests drive it with a small
core of their own, and the worker with ``streams.timeline.Partition``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from streams.facts import FactsInForce
from streams.timeline import Effect, Executed, Record
from streams.wire.control import Fact

__all__ = ["Core", "CoreFactory", "Effect", "Executed", "Record"]


class Core(Protocol):
    """One partition of customers: the state, and the only code that changes it."""

    @property
    def rows(self) -> Mapping[bytes, bytes]:
        """Packed rows by customer."""

    @property
    def facts(self) -> FactsInForce:
        """What is in force, and since when it was published."""

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Apply one changelog record; the lane has dropped what a fenced owner wrote."""

    def restored(self, control_committed: int, at: int = 0) -> Iterator[None]:
        """All was read: rebuild what is derived, in steps. Facts below that control offset hold."""

    def resend(self, since_cut: int) -> Iterator[Sequence[Effect]]:
        """The outboxes of rows made by later cuts than this one, in order, a bounded portion at each step."""

    def learn(self, offset: int, fact: Fact) -> None:
        """A fact at this control offset; it holds from the next cut on."""

    def restate(self) -> Sequence[Fact]:
        """The facts in force, to be said again on a control topic that begins anew.

        Where they stood on the former one is forgotten with the next cut.
        """

    def portions(
        self, n: int, epoch: int, at: int, slices: Sequence[Sequence[Record]], committed_cut: int
    ) -> Iterator[Executed]:
        """Execute a cut (one slice per input, in the order of the catalogue), a bounded portion at each step.

        Together they are the cut; what one holds may leave before the next is made. All must be asked for.
        """

    def reports(self) -> Sequence[bytes]:
        """What the population role is to be told now; most of the time nothing."""

    def current(self, key: bytes) -> bytes | None:
        """What stands now under a changelog key: what a repair writes again."""


CoreFactory = Callable[[int], Core]
"""Makes the core of a partition, given its number."""
