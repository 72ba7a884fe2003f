"""What partitions have told the population role: the newest record of each, of one kind."""

from typing import Generic, TypeVar

from streams.wire.form import Form
from streams.wire.population import PartitionSums
from streams.wire.reject import Rejection
from streams.wire.volumes import Volumes

from .adapters.logs import get_logger

log = get_logger("population")


T = TypeVar("T", PartitionSums, Volumes)


class Told(Generic[T]):
    """The newest record of each partition.

    Args:
        what: their kind, for the log.
        form: how they are read.
        partitions: how many there are.

    Attributes:
        newest: by partition.
    """

    def __init__(self, what: str, form: Form[T], partitions: int) -> None:
        self._unreadable, self._nowhere = f"{what} unreadable", f"{what} of a partition that is none"
        self._form: Form[T] = form
        self._partitions = partitions
        self.newest: dict[int, T] = {}

    @property
    def by_all(self) -> bool:
        """Whether every partition has told."""
        return len(self.newest) == self._partitions

    def take(self, value: bytes | None) -> bool:
        """Keep a record unless a newer one is known; false for one that says nothing of a partition here."""
        record = self._form.decode(value)
        if isinstance(record, Rejection):
            log.warning(self._unreadable, reason=record.reason, path=record.path)
            return False
        if record.partition >= self._partitions:
            log.warning(self._nowhere, partition=record.partition)
            return False
        known = self.newest.get(record.partition)
        if known is None or record.at >= known.at:
            self.newest[record.partition] = record
        return True
