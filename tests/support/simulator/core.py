"""The small core of the lane's tests, with customers that are forgotten: rows that leave, and tombstones."""

from collections.abc import Sequence

from streams.timeline import Executed, Record
from streams.wire import row
from tests.support.toy_core import ToyPartition, _Customer

FORGOTTEN = 2
"""Of the customers that fall silent, one in so many leaves."""


class ForgetfulPartition(ToyPartition):
    """A customer who leaves is a row without a body first, which keeps cut and outbox; then a tombstone."""

    def execute(
        self, n: int, epoch: int, at: int, slices: Sequence[Sequence[Record]], committed_cut: int
    ) -> Executed:
        done = super().execute(n, epoch, at, slices, committed_cut)
        for key, value in list(self.rows.items()):
            if row.is_leaving(value) and row.cut_of(value) <= committed_cut:
                done.rows[key] = None
                del self.rows[key]
        return done

    def _open(self, value: bytes | None, n: int) -> _Customer:
        if value is not None and not row.is_leaving(value):
            return super()._open(value, n)
        customer = _Customer(None)
        customer.seq = 1_000 * n  # ids are never used twice, though nothing is remembered
        return customer

    def _close(self, customer: _Customer, epoch: int, n: int) -> bytes:
        if customer.silent and customer.events % FORGOTTEN == 0:
            return row.pack(epoch, n, customer.seq, 0, b"", customer.outbox)
        return super()._close(customer, epoch, n)
