"""How far a recovery has come: a line now and then, and the reason of not being ready."""

from collections.abc import Mapping
from typing import Final

from ..adapters.logs import get_logger
from .clock import MACHINE, Clock

log = get_logger("lane")

TELL_EVERY: Final = 5.0
"""Seconds between two lines; a recovery that takes less says only that it is over."""


class RecoveryProgress:
    """Counts what is read of the changelogs of all partitions that are being recovered.

    Args:
        clock: Where the time comes from.
    """

    def __init__(self, clock: Clock = MACHINE) -> None:
        self._now = clock.monotonic
        self._left: dict[int, int] = {}
        self._read = 0
        self._doing = ""
        self._began = self._told = self._now()

    def begin(self, epochs: Mapping[int, int]) -> None:
        """Partitions were claimed; each is read up to its epoch, the offset of the marker."""
        self._left = dict.fromkeys(epochs, 0)
        self._read = 0
        self._doing = ""
        self._began = self._told = self._now()

    def doing(self, what: str) -> None:
        """All is read, and this is done now."""
        self._doing = what
        if self._now() - self._told >= TELL_EVERY:
            self._told = self._now()
            log.info(what)

    def read(self, partition: int, records: int, left: int) -> None:
        """So many records of a partition were applied; at most so many offsets are left of it."""
        self._read += records
        self._left[partition] = left
        if self._now() - self._told >= TELL_EVERY:
            self._told = self._now()
            log.info(
                "reading the changelog",
                records=self._read,
                left=sum(self._left.values()),
                seconds_left=self._seconds_left(),
            )

    @property
    def words(self) -> str:
        """What a person who waits wants to know."""
        if self._doing or not self._read:
            return self._doing or "reading the changelog"
        left = sum(self._left.values())
        said = f"{self._read:,} records read, at most {left:,} left, about {self._seconds_left()} s"
        return f"reading the changelog: {said}"

    def _seconds_left(self) -> int:
        took = self._now() - self._began
        return round(took * sum(self._left.values()) / max(self._read, 1))
