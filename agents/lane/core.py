"""What the lane expects of the pure core that it drives, and of the records that it hands to it.

The lane knows nothing about customers. It depends on these forms alone, so that its tests drive it with a small
core of their own, and the worker with ``streams.timeline.Partition``.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol


class Record(Protocol):
    """A record as it was fetched; aiokafka's ``ConsumerRecord`` is one."""

    @property
    def topic(self) -> str:
        """The full name of its topic."""

    @property
    def partition(self) -> int:
        """Its partition."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """Its Kafka timestamp, ms."""

    @property
    def key(self) -> bytes | None:
        """Its key as it came."""

    @property
    def value(self) -> bytes | None:
        """Its value as it came."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Its headers."""


class Effect(Protocol):
    """A record for signals or commands, complete."""

    @property
    def topic(self) -> str:
        """The full name of the topic it goes to."""

    @property
    def key(self) -> bytes:
        """The customer."""

    @property
    def value(self) -> bytes:
        """The bytes."""

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """CloudEvents headers and the trace."""


class Rejected(Protocol):
    """A record for the reject topic: the original, and headers that say why."""

    @property
    def key(self) -> bytes | None:
        """The original key."""

    @property
    def value(self) -> bytes | None:
        """The original value."""

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """The reason and the place."""


class Counts(Protocol):
    """What became of the records of one input in one cut: read = accepted + rejected + duplicate + ignored."""

    @property
    def accepted(self) -> int:
        """Applied."""

    @property
    def rejected(self) -> int:
        """Unusable; they left on the reject topic."""

    @property
    def duplicate(self) -> int:
        """Known already."""

    @property
    def ignored(self) -> int:
        """Without meaning here."""


class Executed(Protocol):
    """What executing one cut came to."""

    @property
    def rows(self) -> Mapping[bytes, bytes | None]:
        """What goes to the changelog, in order; ``None`` is a tombstone."""

    @property
    def effects(self) -> Sequence[Effect]:
        """What leaves, in order."""

    @property
    def rejects(self) -> Sequence[Rejected]:
        """What could not be used."""

    @property
    def counts(self) -> Mapping[str, Counts]:
        """By full input topic name."""


class Core(Protocol):
    """One partition of customers: the state, and the only code that changes it."""

    @property
    def rows(self) -> Mapping[bytes, bytes]:
        """Packed rows by customer."""

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Apply one changelog record; the lane has dropped what a fenced owner wrote."""

    def restored(self, control_committed: int, at: int = 0) -> None:
        """The changelog was read: rebuild what is derived; facts below that control offset are in force, it is `at`."""

    def resend(self, since_cut: int) -> Sequence[Effect]:
        """The outboxes of rows made by later cuts than this one, in order."""

    def learn(self, offset: int, fact: Any) -> None:  # noqa: ANN401 - a policy, offers, population or source
        """A fact at this control offset; it holds from the next cut on."""

    def execute(
        self, n: int, epoch: int, at: int, slices: Sequence[Sequence[Record]], committed_cut: int
    ) -> Executed:
        """Execute a cut: one slice per input, in the order of the catalogue."""

    def current(self, key: bytes) -> bytes | None:
        """What stands now under a changelog key: what a repair writes again."""


CoreFactory = Callable[[int], Core]
"""Makes the core of a partition, given its number."""
