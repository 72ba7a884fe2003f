"""The guards of one writer per partition, taken out: for the tests that show what they are for.

The product has no switch for it. What stays is how cuts follow each other, which is no guard but the log's
own order.
"""

from collections.abc import Mapping

from agents.lane.core import Record
from agents.lane.cuts import ControlLog
from agents.lane.fence import MARK, Contiguity, EpochFilter, Gap, Lease
from agents.lane.ledger import Ledger
from streams.wire import row


class NoLease(Lease):
    """Never over."""

    @property
    def over(self) -> str:
        """Never."""
        return ""


def take_out() -> None:
    """Let every changelog record count, no gap be seen, no cut of another epoch be noticed.

    And no ledger that was set back: it would not heal a thing, but refuse to start.
    """
    for owner, name, idle in (
        (EpochFilter, "counts", _counts),
        (Contiguity, "acked", _acked),
        (ControlLog, "_see_epoch", _see_epoch),
        (Ledger, "disagreements", _disagreements),
    ):
        setattr(owner, name, idle)


def _counts(self: EpochFilter, record: Record) -> bool:
    if record.key == row.MARKER:
        self.newest = max(self.newest, record.offset)  # recovery ends at it
    return record.key not in (row.MARKER, MARK, None)


def _acked(self: Contiguity, base: int, count: int) -> Gap | None:
    self.expected = max(self.expected, base + count)
    return None


def _see_epoch(self: ControlLog, epoch: int) -> None:
    """Take no note: ``newest`` stays below every epoch."""


def _disagreements(_self: Ledger, _positions: Mapping[str, int], _executed: int) -> list[str]:
    return []
