"""What became of every record of a partition's inputs, from the first on (reliability I3).

The ledger belongs to the partition, not to the process. It is written to the changelog together with the
last rows of each cut that moved an input, says which cut it includes, and is recovered with the rows. A cut
that is executed again after a crash is counted only if the ledger does not include it yet; the records whose
customers had been done before the crash count as ``ignored`` then. So whatever happens, each record has one
outcome: ``read = accepted + rejected + duplicate + ignored``, in number and in bytes.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from streams.timeline import Counts
from streams.wire import row

from ..errors import DataLossError
from .loss import Loss

LEDGER: Final = b"\x00ledger"
"""The changelog key of the ledger; its value has the form of a context entry, so that epochs hold for it."""

OUTCOMES: Final = ("accepted", "rejected", "duplicate", "ignored")

_NUMBERS: Final = ("read", "read_bytes", *OUTCOMES, *(f"{outcome}_bytes" for outcome in OUTCOMES))


class LedgerError(DataLossError):
    """The accounts do not end where the inputs go on (71), unless a newer owner has gone on meanwhile."""


class Account(msgspec.Struct, array_like=True):
    """One input: records by outcome, and their bytes (keys and values).

    Attributes:
        began: The offset at which the count began.
        upto: The offset up to which it was counted.
        holes: Offsets in between that hold no record: markers of transactions, compaction.
    """

    began: int
    upto: int
    holes: int = 0
    read: int = 0
    read_bytes: int = 0
    accepted: int = 0
    accepted_bytes: int = 0
    rejected: int = 0
    rejected_bytes: int = 0
    duplicate: int = 0
    duplicate_bytes: int = 0
    ignored: int = 0
    ignored_bytes: int = 0

    def add(self, counts: Counts) -> None:
        """Enter what a cut, or a portion of one, made of its records."""
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(counts, name))

    @property
    def unaccounted(self) -> int:
        """Offsets that were applied and have neither a record with an outcome nor a hole; below 0: twice."""
        outcomes = self.accepted + self.rejected + self.duplicate + self.ignored
        return self.upto - self.began - self.holes - outcomes

    @property
    def unaccounted_bytes(self) -> int:
        """Bytes that were read and are in no outcome."""
        outcomes = self.accepted_bytes + self.rejected_bytes + self.duplicate_bytes + self.ignored_bytes
        return self.read_bytes - outcomes


class _Stored(msgspec.Struct, array_like=True):
    """The ledger as it is stored."""

    cut: int
    accounts: dict[str, Account]


_decoder: Final = msgspec.msgpack.Decoder(_Stored)
_encode: Final = msgspec.msgpack.Encoder().encode


class Ledger:
    """The accounts of one partition.

    Args:
        positions: Where each input begins, if nothing was counted before.

    Attributes:
        cut: The newest cut that is included.
        accounts: By full name of the input.
    """

    def __init__(self, positions: Mapping[str, int]) -> None:
        self.cut = 0
        self._passed_over = False  # and not stored yet: what is committed next begins behind it
        self.accounts = {topic: Account(at, at) for topic, at in positions.items()}

    def restore(self, value: bytes | None) -> None:
        """Take in what the changelog says.

        Raises:
            streams.wire.row.StoredFormError: if this version cannot read it.
        """
        if value is None:
            return
        try:
            stored = _decoder.decode(row.context_payload(value))
        except msgspec.MsgspecError as error:
            raise row.StoredFormError(f"a ledger: {error}") from None
        self.cut = stored.cut
        self.accounts |= stored.accounts

    @property
    def counted(self) -> dict[str, int]:
        """How far the accounts go, by input."""
        return {topic: account.upto for topic, account in self.accounts.items()}

    def pass_over(self, loss: Loss) -> None:
        """Begin the count of an input anew behind what is lost, unless that was counted before it went."""
        account = self.accounts.get(loss.resource)
        if account is not None and (loss.kind == "anew" or account.upto < loss.end):
            self.accounts[loss.resource] = Account(loss.end, loss.end)
            self._passed_over = True

    def disagreements(self, positions: Mapping[str, int], executed: int) -> list[str]:
        """Where the count and the log part, after recovery: in words, nothing if all is well.

        Args:
            positions: Where each input goes on.
            executed: The last cut that is executed and committed.
        """
        return [
            f"{topic} was counted up to {account.upto}, and goes on at {position}"
            for topic, position in positions.items()
            if (account := self.accounts[topic]).upto != position
            and (self.cut <= executed or account.upto < position)
        ]

    def enter(
        self,
        n: int,
        ends: Mapping[str, int],
        counts: Iterable[Mapping[str, Counts]],
        holes: Mapping[str, int],
    ) -> bool:
        """Enter a cut, unless it is included already; tells whether there is anything new to be stored.

        Args:
            n: Its number.
            ends: How far it read the inputs.
            counts: What became of its records, in one or more parts that add up.
            holes: Offsets of each input below ``ends`` that hold no record.
        """
        moved = any(self.accounts[topic].upto != end for topic, end in ends.items())
        if n <= self.cut or not (moved or self._passed_over):
            return False
        self.cut, self._passed_over = n, False
        for topic, end in ends.items():
            account = self.accounts[topic]
            account.upto = end
            account.holes += holes.get(topic, 0)
        for part in counts:
            for topic, found in part.items():
                self.accounts[topic].add(found)
        return True

    def pack(self, epoch: int) -> bytes:
        """The changelog's value."""
        return row.pack_context(epoch, _encode(_Stored(self.cut, self.accounts)))
